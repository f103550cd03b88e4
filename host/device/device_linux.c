/*
 * The kernel's device: ioctls of /dev/sgx_enclave (UAPI asm/sgx.h), mappings of it, and the vDSO's
 * entry function (Documentation/arch/x86/sgx.rst). Written to the interface; never run on a machine
 * with SGX yet.
 * Trust: the kernel is the machine owner's own. The enclave is entered on a stack of its own (the
 * simulator's thread slot has it), so what it does to the host's stack stays there.
 */
#include "host/device/device.h"

#include <asm/sgx.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/checked.h"
#include "host/device/device_linux.h"
#include "host/device/refusal.h"
#include "host/device/sim.h"

#define RETRIES_MAX 1000 /* of an ioctl that says EAGAIN or EBUSY: a page is being reclaimed */
#define TOUCHES_MAX 16	 /* of a page whose EAUG lost a race: SIGBUS */

struct linux_device {
	struct device device; /* first */
	int fd;
	linux_enter_func enter;
	uint64_t enter_size;
	atomic_bool stopped;
	atomic_ulong enters;
	atomic_ulong resumes;
	atomic_ulong aexs;
};

static struct linux_device *linux_of(struct device *device)
{
	return (struct linux_device *)device;
}

/* --- finding the vDSO's function --- */

/* What the dynamic section of the vDSO says; addresses in memory. */
struct vdso {
	const uint8_t *base;
	const Elf64_Sym *symbols;
	const char *strings;
	uint32_t count;
};

/* The number of symbols of a GNU hash table: the end of the last chain. */
static uint32_t vdso_gnu_hash_count(const uint32_t *table)
{
	const uint32_t *buckets = table + 4 + table[2] * 2;
	const uint32_t *chains = buckets + table[0];
	uint32_t last = 0;

	for (uint32_t i = 0; i < table[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < table[1])
		return table[1];
	while (!(chains[last - table[1]] & 1))
		last++;
	return last + 1;
}

static const void *vdso_at(const struct vdso *v, uint64_t address)
{
	return v->base + address;
}

static void vdso_read_dynamic(struct vdso *v, const Elf64_Dyn *d)
{
	for (; d->d_tag != DT_NULL; d++) {
		switch (d->d_tag) {
		case DT_SYMTAB:
			v->symbols = vdso_at(v, d->d_un.d_ptr);
			break;
		case DT_STRTAB:
			v->strings = vdso_at(v, d->d_un.d_ptr);
			break;
		case DT_HASH:
			v->count = ((const uint32_t *)vdso_at(v, d->d_un.d_ptr))[1];
			break;
		case DT_GNU_HASH:
			if (v->count == 0)
				v->count = vdso_gnu_hash_count(vdso_at(v, d->d_un.d_ptr));
			break;
		default:
			break;
		}
	}
}

static const void *vdso_find(const char *name, uint64_t *size)
{
	struct vdso v = {.base = (const uint8_t *)(uintptr_t)getauxval(AT_SYSINFO_EHDR)};

	if (!v.base)
		return NULL;
	const Elf64_Ehdr *header = (const void *)v.base;
	const Elf64_Phdr *segment = vdso_at(&v, header->e_phoff);

	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			vdso_read_dynamic(&v, vdso_at(&v, segment[i].p_offset));
	if (!v.symbols || !v.strings)
		return NULL;
	for (uint32_t i = 0; i < v.count; i++)
		if (v.symbols[i].st_shndx != SHN_UNDEF &&
		    strcmp(v.strings + v.symbols[i].st_name, name) == 0) {
			*size = v.symbols[i].st_size;
			return vdso_at(&v, v.symbols[i].st_value);
		}
	return NULL;
}

linux_enter_func device_linux_vdso(uint64_t *size)
{
	const void *p = vdso_find("__vdso_sgx_enter_enclave", size);
	linux_enter_func f;

	static_assert(sizeof f == sizeof p, "a function's address");
	memcpy(&f, &p, sizeof f);
	return f;
}

/* --- ioctls --- */

int device_linux_ioctl(int fd, unsigned long request, void *arg)
{
	int error;

	do
		error = ioctl(fd, request, arg) == 0 ? 0 : errno;
	while (error == EINTR);
	return error;
}

static int linux_create(struct device *device, const struct sgx_secs *secs)
{
	struct sgx_enclave_create arg = {.src = (uint64_t)(uintptr_t)secs};

	device_refuse_nothing();
	return device_linux_ioctl(linux_of(device)->fd, SGX_IOC_ENCLAVE_CREATE, &arg);
}

static int linux_add_pages(struct device *device, uint64_t off, const void *src, uint64_t length,
			   const struct sgx_secinfo *secinfo, uint64_t *count)
{
	struct sgx_enclave_add_pages arg = {
		.src = (uint64_t)(uintptr_t)src,
		.offset = off,
		.length = length,
		.secinfo = (uint64_t)(uintptr_t)secinfo,
		.flags = SGX_PAGE_MEASURE,
	};
	int error = device_linux_ioctl(linux_of(device)->fd, SGX_IOC_ENCLAVE_ADD_PAGES, &arg);

	*count = arg.count;
	return error;
}

static int linux_init(struct device *device, const struct sgx_sigstruct *sigstruct)
{
	struct sgx_enclave_init arg = {.sigstruct = (uint64_t)(uintptr_t)sigstruct};
	int error = device_linux_ioctl(linux_of(device)->fd, SGX_IOC_ENCLAVE_INIT, &arg);

	device_refuse_nothing();
	if (error == EPERM)
		return device_refuse(error, "EINIT: the image and its signature do not match, or "
					    "this CPU refuses the signed attributes");
	if (error == EACCES)
		return device_refuse(error, "EINIT: the kernel does not allow these attributes");
	return error;
}

/* Is the call to be repeated from where it stopped? */
static bool linux_again(int error, int *tries)
{
	if ((error != EAGAIN && error != EBUSY) || ++*tries > RETRIES_MAX)
		return false;
	sched_yield();
	return true;
}

static int linux_restrict_permissions(struct device *device, uint64_t off, uint64_t length,
				      uint64_t permissions, uint64_t *result, uint64_t *count)
{
	int error, tries = 0;

	*count = 0;
	do {
		struct sgx_enclave_restrict_permissions arg = {
			.offset = off + *count,
			.length = length - *count,
			.permissions = permissions,
		};

		error = device_linux_ioctl(linux_of(device)->fd,
					   SGX_IOC_ENCLAVE_RESTRICT_PERMISSIONS, &arg);
		*result = arg.result;
		*count += arg.count;
	} while (linux_again(error, &tries));
	return error;
}

static int linux_modify_types(struct device *device, uint64_t off, uint64_t length,
			      uint64_t page_type, uint64_t *result, uint64_t *count)
{
	int error, tries = 0;

	*count = 0;
	do {
		struct sgx_enclave_modify_types arg = {
			.offset = off + *count,
			.length = length - *count,
			.page_type = page_type,
		};

		error = device_linux_ioctl(linux_of(device)->fd, SGX_IOC_ENCLAVE_MODIFY_TYPES,
					   &arg);
		*result = arg.result;
		*count += arg.count;
	} while (linux_again(error, &tries));
	return error;
}

static int linux_remove_pages(struct device *device, uint64_t off, uint64_t length, uint64_t *count)
{
	int error, tries = 0;

	*count = 0;
	do {
		struct sgx_enclave_remove_pages arg = {
			.offset = off + *count,
			.length = length - *count,
		};

		error = device_linux_ioctl(linux_of(device)->fd, SGX_IOC_ENCLAVE_REMOVE_PAGES,
					   &arg);
		*count += arg.count;
	} while (linux_again(error, &tries));
	return error;
}

/* --- mappings --- */

static void *linux_at(const struct device *device, uint64_t off)
{
	return (void *)(uintptr_t)(device->base + off);
}

static int linux_map(struct device *device, uint64_t off, uint64_t length, int prot)
{
	if (!range_inside(off, length, device->size))
		return EACCES;
	void *p = mmap(linux_at(device, off), length, prot, MAP_SHARED | MAP_FIXED,
		       linux_of(device)->fd, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int linux_protect(struct device *device, uint64_t off, uint64_t length, int prot)
{
	if (!range_inside(off, length, device->size))
		return EACCES;
	return mprotect(linux_at(device, off), length, prot) == 0 ? 0 : errno;
}

static struct sigaction g_before; /* the handler that ours replaced */

/* A touch that lost the race for its page: SIGBUS at the load. All else goes on to who was first.
 */
static void linux_on_bus(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	if ((uint64_t)uc->uc_mcontext.gregs[REG_RIP] == (uint64_t)(uintptr_t)device_touch_load) {
		uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)device_touch_failed;
		return;
	}
	if (g_before.sa_flags & SA_SIGINFO) {
		g_before.sa_sigaction(signo, info, context);
	} else if (g_before.sa_handler != SIG_DFL && g_before.sa_handler != SIG_IGN) {
		g_before.sa_handler(signo);
	} else {
		struct sigaction dfl = {.sa_handler = SIG_DFL};

		sigaction(signo, &dfl, NULL);
	}
}

/* One read from outside per page: the kernel adds it, the read yields ones. */
static int linux_prefault(struct device *device, uint64_t off, uint64_t length)
{
	if (!range_inside(off, length, device->size))
		return EFAULT;
	for (uint64_t at = off; at < off + length; at += SGX_PAGE_SIZE) {
		int tries = 0;

		while (device_touch(linux_at(device, at)) != 0)
			if (++tries == TOUCHES_MAX)
				return EFAULT;
	}
	return 0;
}

/* --- entering --- */

static _Thread_local struct linux_call *g_call; /* on its way, or NULL */

int device_linux_call(struct linux_call *call)
{
	g_call = call;
	int error = device_linux_go(call);

	g_call = NULL;
	return call->canceled ? -ECANCELED : error;
}

void device_linux_cancel(void *context)
{
	struct linux_call *call = g_call;
	ucontext_t *uc = context;

	if (!call || !atomic_load(call->stopped))
		return;
	uint64_t function = (uint64_t)(uintptr_t)call->function;

	if ((uint64_t)uc->uc_mcontext.gregs[REG_RIP] - function >= call->function_size)
		return;
	call->canceled = true;
	uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)device_linux_canceled;
	uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(call->stack - LINUX_CALL_KEPT);
}

static int linux_enter(struct device *device, uint64_t rdi, uint64_t rsi, uint64_t rdx,
		       uint32_t function, uint64_t r8, uint64_t r9, struct device_run *run)
{
	struct linux_device *d = linux_of(device);
	struct sim_thread *t = sim_thread_get();
	struct sgx_enclave_run kernel_run = {.tcs = run->tcs};
	struct linux_call call = {
		.function = d->enter,
		.stack = t ? t->host_rsp : 0,
		.rdi = rdi,
		.rsi = rsi,
		.rdx = rdx,
		.rcx = function,
		.r8 = r8,
		.r9 = r9,
		.run = (uint64_t)(uintptr_t)&kernel_run,
		.function_size = d->enter_size,
		.stopped = &d->stopped,
	};
	int error;

	if (!t)
		return -errno;
	if (t->device)
		return -EBUSY;
	if (atomic_load(&d->stopped))
		return -ECANCELED;
	t->device = (struct sim_device *)(void *)device; /* this thread is inside */
	atomic_fetch_add(function == ENCLU_EENTER ? &d->enters : &d->resumes, 1);
	error = device_linux_call(&call);
	t->device = NULL;
	if (error != 0)
		return error;
	run->function = kernel_run.function;
	run->vector = kernel_run.exception_vector;
	run->error_code = kernel_run.exception_error_code;
	run->address = kernel_run.exception_addr;
	run->rdi = call.rdi;
	run->rsi = call.rsi;
	if (run->function == ENCLU_ERESUME)
		atomic_fetch_add(&d->aexs, 1);
	return 0;
}

/* Interrupts and page faults that the kernel resolves are not seen here. */
static void linux_stats(const struct device *device, struct device_stats *out)
{
	const struct linux_device *d = (const struct linux_device *)device;

	*out = (struct device_stats){
		.enters = atomic_load(&d->enters),
		.resumes = atomic_load(&d->resumes),
		.aexs = atomic_load(&d->aexs),
	};
}

static void linux_stop(struct device *device)
{
	atomic_store(&linux_of(device)->stopped, true);
}

static void linux_close(struct device *device)
{
	struct linux_device *d = linux_of(device);

	if (device->size != 0)
		munmap(linux_at(device, 0), device->size);
	close(d->fd);
	free(d);
}

static const struct device_ops g_linux_ops = {
	.name = "sgx",
	.create = linux_create,
	.add_pages = linux_add_pages,
	.init = linux_init,
	.restrict_permissions = linux_restrict_permissions,
	.modify_types = linux_modify_types,
	.remove_pages = linux_remove_pages,
	.map = linux_map,
	.protect = linux_protect,
	.prefault = linux_prefault,
	.enter = linux_enter,
	.stop = linux_stop,
	.stats = linux_stats,
	.close = linux_close,
};

static pthread_once_t g_bus_once = PTHREAD_ONCE_INIT;
static int g_bus_error;

static void linux_install_bus(void)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO};

	action.sa_sigaction = linux_on_bus;
	g_bus_error = device_sigaction(SIGBUS, &action, &g_before);
}

bool device_linux_exists(void)
{
	return access(SGX_DEVICE, F_OK) == 0 || errno != ENOENT;
}

struct device *device_linux_open(void)
{
	struct linux_device *d = NULL;
	uint64_t enter_size = 0;
	linux_enter_func enter = device_linux_vdso(&enter_size);
	int fd = open(SGX_DEVICE, O_RDWR | O_CLOEXEC);

	device_refuse_nothing();
	if (fd < 0)
		return NULL;
	pthread_once(&g_bus_once, linux_install_bus);
	if (!enter)
		errno = device_refuse(ENOSYS, "the kernel's vDSO has no __vdso_sgx_enter_enclave");
	else if (g_bus_error != 0)
		errno = g_bus_error;
	else
		d = calloc(1, sizeof *d);
	if (!d) {
		int error = errno;

		close(fd);
		errno = error;
		return NULL;
	}
	d->device.ops = &g_linux_ops;
	d->fd = fd;
	d->enter = enter;
	d->enter_size = enter_size;
	return &d->device;
}
