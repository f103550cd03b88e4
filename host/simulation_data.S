/*
 * The files of host/simulation/ as bytes of the library (host/simulation.h). FILE name, path: two symbols, its first
 * byte and the one behind its last.
 */
	.section .rodata

	.macro FILE name, path
	.globl simulation_\name, simulation_\name\()_end
	.hidden simulation_\name, simulation_\name\()_end
simulation_\name:
	.incbin "\path"
simulation_\name\()_end:
	.byte 0
	.endm

	FILE root, host/simulation/root.der
	FILE root_crl, host/simulation/root.crl
	FILE pck_crl, host/simulation/pck-ca.crl
	FILE tcb_info, host/simulation/tcb-info.json
	FILE qe_identity, host/simulation/qe-identity.json
	FILE tcb_chain, host/simulation/tcb-chain.pem
	FILE ca_chain, host/simulation/pck-ca-chain.pem
	FILE pck_key, host/simulation/pck.key.bin
	FILE current, host/simulation/pck-current-chain.pem
	FILE outdated, host/simulation/pck-outdated-chain.pem
	FILE withdrawn, host/simulation/pck-withdrawn-chain.pem
	FILE listed, host/simulation/pck-listed-chain.pem

	.section .note.GNU-stack, "", @progbits
