/*
 * What mbedTLS refers to and a channel never uses: RSA and finite-field Diffie-Hellman, every cipher but
 * AES, every digest but SHA-2, PEM, debug output, the certificates of its self tests. These names
 * stand before the library in the link, so that its objects are not taken: some 150 KiB of code that
 * untrusted bytes could otherwise reach.
 *
 * A function that can fail, fails: MBEDTLS_ERR_PLATFORM_FEATURE_UNSUPPORTED. So a certificate with an
 * RSA key is one that cannot be parsed. One that returns nothing does nothing: what it would make or
 * free was zeroed by its caller and holds nothing. The handshake does start its digests for versions
 * below TLS 1.2, and looks at none of them.
 */
	.text
	.balign	16
absent:
	movl	$-0x72, %eax
	ret

	.balign	16
absent_size:
	xorl	%eax, %eax
	ret

.macro ABSENT prefix, names:vararg
	.irp	name, \names
	.globl	mbedtls_\prefix\name
	.hidden	mbedtls_\prefix\name
	.type	mbedtls_\prefix\name, @function
	.set	mbedtls_\prefix\name, absent
	.endr
.endm

/* RSA: a length is asked for besides. */
	.globl	mbedtls_rsa_get_len
	.hidden	mbedtls_rsa_get_len
	.type	mbedtls_rsa_get_len, @function
	.set	mbedtls_rsa_get_len, absent_size
	ABSENT	rsa_, init, free, import, import_raw, complete, check_pubkey, check_pub_priv
	ABSENT	rsa_, pkcs1_encrypt, pkcs1_decrypt, pkcs1_sign, pkcs1_verify, rsassa_pss_verify_ext

	ABSENT	dhm_, init, free, set_group, make_params, make_public, read_params, read_public, calc_secret

	ABSENT	camellia_, init, free, setkey_enc, setkey_dec, crypt_ecb, crypt_cbc, crypt_cfb128, crypt_ctr
	ABSENT	blowfish_, init, free, setkey, crypt_ecb, crypt_cbc, crypt_cfb64, crypt_ctr
	ABSENT	des_, init, free, setkey_enc, setkey_dec, crypt_ecb, crypt_cbc
	ABSENT	des3_, init, free, set2key_enc, set2key_dec, set3key_enc, set3key_dec, crypt_ecb, crypt_cbc
	ABSENT	arc4_, init, free, setup, crypt
	ABSENT	chacha20_, init, free, setkey, starts, update
	ABSENT	chachapoly_, init, free, setkey, starts, update_aad, update, finish
	ABSENT	chachapoly_, encrypt_and_tag, auth_decrypt
	ABSENT	ccm_, init, free, setkey, encrypt_and_tag, auth_decrypt

.macro ABSENT_DIGEST name
	ABSENT	\name\()_, init, free, clone, starts_ret, update_ret, finish_ret, ret
	ABSENT	internal_\name\()_, process
.endm
	ABSENT_DIGEST md2
	ABSENT_DIGEST md4
	ABSENT_DIGEST md5
	ABSENT_DIGEST sha1
	ABSENT_DIGEST ripemd160

	ABSENT	pkcs5_, pbes2
	ABSENT	pkcs12_, pbe, pbe_sha1_rc4_128
	ABSENT	pem_, init, free, read_buffer
	ABSENT	debug_, print_msg, print_ret, print_buf, print_mpi, print_crt, printf_ecdh

/* Pointers and sizes that a self test reads, which nothing calls. */
	.section .rodata
	.balign	8
absent_data:
	.quad	0
.macro ABSENT_DATA names:vararg
	.irp	name, \names
	.globl	mbedtls_test_\name
	.hidden	mbedtls_test_\name
	.type	mbedtls_test_\name, @object
	.size	mbedtls_test_\name, 8
	.set	mbedtls_test_\name, absent_data
	.endr
.endm
	ABSENT_DATA ca_crt, ca_crt_len, cli_crt, cli_crt_len
	.section .note.GNU-stack, "", @progbits
	.text
