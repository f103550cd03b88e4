#include "test/sim/sim_test.h"
void signal_tests(struct sim_totals *t, enum device_sim_mode m){(void)t;(void)m;}
