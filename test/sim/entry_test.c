#include "test/sim/sim_test.h"
void entry_tests(struct sim_totals *t, enum device_sim_mode m){(void)t;(void)m;}
