/*
 * The files of host/quoting/simulation/ as bytes of the library (host/quoting/simulation.h). FILE name, path: two symbols, its first
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

	FILE root, host/quoting/simulation/root.der
	FILE root_crl, host/quoting/simulation/root.crl
	FILE pck_crl, host/quoting/simulation/pck-ca.crl
	FILE tcb_info, host/quoting/simulation/tcb-info.json
	FILE qe_identity, host/quoting/simulation/qe-identity.json
	FILE tcb_chain, host/quoting/simulation/tcb-chain.pem
	FILE ca_chain, host/quoting/simulation/pck-ca-chain.pem
	FILE pck_key, host/quoting/simulation/pck.key.bin
	FILE current, host/quoting/simulation/pck-current-chain.pem
	FILE outdated, host/quoting/simulation/pck-outdated-chain.pem
	FILE withdrawn, host/quoting/simulation/pck-withdrawn-chain.pem
	FILE listed, host/quoting/simulation/pck-listed-chain.pem

	.section .note.GNU-stack, "", @progbits
