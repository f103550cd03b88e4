/*
 * What sim_entry.S and the simulator's C share: offsets in struct sim_thread and struct sim_frame
 * (host/device/sim.h asserts them) and the number of threads.
 */
#ifndef HOST_DEVICE_SIM_ASM_H
#define HOST_DEVICE_SIM_ASM_H

#define SIM_THREADS	      256 /* in one process; a power of two */
#define SIM_RETURN_POINT_SIZE 16

#define SIM_THREAD_SIZE	 512
#define SIM_T_HOST_RSP	 0
#define SIM_T_HOST_RBP	 8
#define SIM_T_HOST_FS	 16
#define SIM_T_HOST_GS	 24
#define SIM_T_OUT_RDI	 32
#define SIM_T_OUT_RSI	 40
#define SIM_T_IN_RAX	 48
#define SIM_T_IN_RBX	 56
#define SIM_T_IN_RCX	 64
#define SIM_T_IN_RDX	 72
#define SIM_T_IN_RSI	 80
#define SIM_T_IN_RDI	 88
#define SIM_T_IN_R8	 96
#define SIM_T_IN_R9	 104
#define SIM_T_ENTRY	 112
#define SIM_T_ENCLAVE_FS 120
#define SIM_T_ENCLAVE_GS 128
#define SIM_T_SSA_GPRS	 136
#define SIM_T_INSIDE	 144
#define SIM_T_CALLER_RSP 152
#define SIM_T_OUT_LEFT	 160
#define SIM_T_LEAF	 168 /* struct sgx_gprs */

/* struct sim_frame: a whole CPU state to continue with. */
#define SIM_F_XSAVE 184
#define SIM_F_MASK  192

/* Room for an XSAVE image of all that the simulator's own C may touch. */
#define SIM_XSAVE_MAX 2752

#endif
