#include "test/sim/sim_test.h"
void leaf_tests(struct sim_totals *t, enum device_sim_mode m){(void)t;(void)m;}
