# wasi_thread_start(thread, argument): every thread is an instance of its own, so that its stack pointer
# stands at its first value. Takes the thread's own stack before any C code runs.
	.globaltype	__stack_pointer, i32
	.functype	thread_main (i32, i32) -> ()
	.globl		wasi_thread_start
	.export_name	wasi_thread_start, wasi_thread_start
	.type		wasi_thread_start,@function
wasi_thread_start:
	.functype	wasi_thread_start (i32, i32) -> ()
	local.get	1
	i32.load	0
	global.set	__stack_pointer
	local.get	0
	local.get	1
	call		thread_main
	end_function
