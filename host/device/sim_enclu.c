/*
 * The ENCLU leaves that an enclave executes (SDM vol. 3D, "Intel SGX Instruction References"):
 * EREPORT, EGETKEY, EEXIT, EACCEPT, EMODPE, EACCEPTCOPY.
 * Trust: registers and operands are the enclave's: each address is checked against ELRANGE, the
 * mapping and the EPCM before it is touched, each operand is copied once.
 * Invariant: a leaf that faults has changed nothing.
 */
#include "host/device/sim.h"

#include <string.h>
#include <sys/mman.h>

#include "base/wipe.h"

#define RFLAGS_ARITHMETIC 0x8d5u /* CF PF AF ZF SF OF */
#define RFLAGS_ZF	  0x40u
#define ENCLU_SIZE	  3u

#define SECINFO_KNOWN                                                                              \
	(SECINFO_PERMISSIONS | SECINFO_PENDING | SECINFO_MODIFIED | SECINFO_PR | SECINFO_TYPE_MASK)

enum leaf_step {
	LEAF_OK,
	LEAF_FAULT,   /* event */
	LEAF_AUGMENT, /* the kernel adds the page at `augment`, then the instruction runs again */
};

struct leaf {
	struct sim_device *d;
	struct sgx_gprs *regs;
	struct sim_event *event;
	uint64_t augment;
};

static enum leaf_step leaf_gp(struct leaf *l)
{
	*l->event = (struct sim_event){.exception = true, .vector = VECTOR_GP};
	return LEAF_FAULT;
}

static enum leaf_step leaf_pf(struct leaf *l, uint64_t address, uint32_t code)
{
	*l->event = (struct sim_event){
		.exception = true, .vector = VECTOR_PF, .error_code = code, .address = address};
	return LEAF_FAULT;
}

/* RAX and flags of the leaves that give an error code. */
static void leaf_return(struct leaf *l, uint64_t error)
{
	l->regs->rax = error;
	l->regs->rflags &= ~(uint64_t)RFLAGS_ARITHMETIC;
	if (error != 0)
		l->regs->rflags |= RFLAGS_ZF;
}

/* An operand must be aligned and inside ELRANGE. Alignment keeps it within one page. */
static enum leaf_step leaf_operand(struct leaf *l, uint64_t address, uint64_t align)
{
	if (address % align != 0 || sim_offset(l->d, address) == UINT64_MAX)
		return leaf_gp(l);
	return LEAF_OK;
}

/* Paging: does the access reach an EPC page at all? The kernel adds one where it may. */
static enum leaf_step leaf_reach(struct leaf *l, uint64_t address, int access)
{
	uint64_t off = sim_offset(l->d, address) & ~(uint64_t)(SIM_PAGE_SIZE - 1);
	uint32_t code = sim_pages_refuse_paging(&l->d->pages, off, access);

	if (code == 0)
		return LEAF_OK;
	leaf_pf(l, address, code);
	if (!sim_pages_augments(&l->d->pages, off, access))
		return LEAF_FAULT;
	l->augment = off;
	return LEAF_AUGMENT;
}

/* An ordinary page of the enclave that may be accessed so. */
static enum leaf_step leaf_ordinary(struct leaf *l, uint64_t address, int access)
{
	enum leaf_step step = leaf_reach(l, address, access);
	uint32_t code;

	if (step != LEAF_OK)
		return step;
	code = sim_pages_refuse(&l->d->pages, sim_offset(l->d, address), access);
	return code == 0 ? LEAF_OK : leaf_pf(l, address, code);
}

/* For a page whose EPCM entry forbids the leaf. */
static enum leaf_step leaf_pf_epcm(struct leaf *l, uint64_t address, uint32_t access)
{
	return leaf_pf(l, address, PFEC_USER | PFEC_PRESENT | PFEC_SGX | access);
}

static sim_page leaf_entry(struct leaf *l, uint64_t address)
{
	return sim_pages_get(&l->d->pages, sim_offset(l->d, address));
}

static void *leaf_pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

/* The SECINFO at RBX, copied; reserved bits and bytes are zero. */
static enum leaf_step leaf_secinfo(struct leaf *l, struct sgx_secinfo *out)
{
	static const uint8_t zero[sizeof out->reserved];
	uint64_t address = l->regs->rbx;
	enum leaf_step step = leaf_operand(l, address, SGX_SECINFO_ALIGN);

	if (step == LEAF_OK)
		step = leaf_ordinary(l, address, PROT_READ);
	if (step != LEAF_OK)
		return step;
	memcpy(out, leaf_pointer(address), sizeof *out);
	if ((out->flags & ~(uint64_t)SECINFO_KNOWN) != 0 ||
	    memcmp(out->reserved, zero, sizeof zero) != 0)
		return leaf_gp(l);
	return LEAF_OK;
}

/* When the host has no memory for a page, the page is lost, as when EAUG fails. */
static enum leaf_step leaf_lose(struct leaf *l, uint64_t address)
{
	sim_pages_remove(&l->d->pages, sim_offset(l->d, address));
	return leaf_pf(l, address, PFEC_USER | PFEC_WRITE);
}

/* Puts a changed entry in force. */
static enum leaf_step leaf_update(struct leaf *l, uint64_t address, sim_page entry)
{
	if (sim_pages_change(&l->d->pages, sim_offset(l->d, address), entry) != 0)
		return leaf_lose(l, address);
	return LEAF_OK;
}

/* --- EACCEPT --- */

/* PT, PENDING, MODIFIED, PR: the combinations that the instruction takes at all. */
static bool leaf_accept_legal(uint64_t flags)
{
	uint64_t type = flags & SECINFO_TYPE_MASK;

	if (type == SECINFO_REG)
		return (flags & (SECINFO_PR | SECINFO_PENDING)) && !(flags & SECINFO_MODIFIED);
	return (type == SECINFO_TCS || type == SECINFO_TRIM) && (flags & SECINFO_MODIFIED) &&
	       !(flags & (SECINFO_PENDING | SECINFO_PR));
}

/* A TCS page is checked when it is accepted, and only then does the CPU know it. */
static enum leaf_step leaf_accept_tcs(struct leaf *l, uint64_t off)
{
	struct sgx_tcs *tcs = &l->d->scratch;

	if (sim_pages_peek(&l->d->pages, off, tcs, sizeof *tcs) != 0)
		return leaf_gp(l);
	if (!sim_tcs_legal(tcs) || (tcs->flags & TCS_DBGOPTIN) || tcs->cssa >= tcs->nssa ||
	    tcs->aep != 0 || tcs->state != 0)
		return leaf_gp(l);
	return sim_tcs_add(l->d, off, tcs) == 0 ? LEAF_OK : leaf_gp(l);
}

static enum leaf_step leaf_eaccept(struct leaf *l)
{
	struct sgx_secinfo secinfo;
	uint64_t address = l->regs->rcx;
	enum leaf_step step = leaf_secinfo(l, &secinfo);

	if (step == LEAF_OK)
		step = leaf_operand(l, address, SIM_PAGE_SIZE);
	if (step != LEAF_OK)
		return step;
	if (!leaf_accept_legal(secinfo.flags))
		return leaf_gp(l);
	step = leaf_reach(l, address, PROT_READ);
	if (step != LEAF_OK)
		return step;

	sim_page entry = leaf_entry(l, address);

	if (((entry ^ secinfo.flags) & SIM_PAGE_ACCEPTED_BITS) != 0) {
		leaf_return(l, SGX_PAGE_ATTRIBUTES_MISMATCH);
		return LEAF_OK;
	}
	if ((entry & SIM_PAGE_TYPE) == SECINFO_TCS)
		step = leaf_accept_tcs(l, sim_offset(l->d, address));
	if (step == LEAF_OK)
		step = leaf_update(
			l, address,
			entry & (sim_page) ~(SECINFO_PENDING | SECINFO_MODIFIED | SECINFO_PR));
	if (step != LEAF_OK)
		return step;
	if (entry & SECINFO_PENDING)
		atomic_fetch_add(&l->d->accepted, 1);
	leaf_return(l, SGX_SUCCESS);
	return LEAF_OK;
}

/* --- EACCEPTCOPY --- */

static bool g_copy_adds_rights;

void device_sim_copy_adds_rights(bool on)
{
	g_copy_adds_rights = on;
}

/* Copies into the pending page while nobody may touch it, then gives it its final rights. */
static enum leaf_step leaf_copy(struct leaf *l, uint64_t to, uint64_t from, uint64_t permissions)
{
	struct sim_pages *p = &l->d->pages;
	uint64_t off = sim_offset(l->d, to);
	sim_page entry = leaf_entry(l, to);

	if (mprotect(leaf_pointer(to), SIM_PAGE_SIZE, PROT_READ | PROT_WRITE) != 0)
		return leaf_lose(l, to);
	memcpy(leaf_pointer(to), leaf_pointer(from), SIM_PAGE_SIZE);
	entry &= (sim_page) ~(g_copy_adds_rights ? SECINFO_PENDING
						 : SECINFO_PERMISSIONS | SECINFO_PENDING);
	entry |= (sim_page)permissions;
	if (sim_pages_set(p, off, entry) != 0 || sim_pages_sync(p, off, SIM_PAGE_SIZE) != 0)
		return leaf_lose(l, to);
	return LEAF_OK;
}

static enum leaf_step leaf_eacceptcopy(struct leaf *l)
{
	struct sgx_secinfo secinfo;
	uint64_t to = l->regs->rcx, from = l->regs->rdx;
	enum leaf_step step = leaf_secinfo(l, &secinfo);

	if (step == LEAF_OK)
		step = leaf_operand(l, to, SIM_PAGE_SIZE);
	if (step == LEAF_OK)
		step = leaf_operand(l, from, SIM_PAGE_SIZE);
	if (step != LEAF_OK)
		return step;

	uint64_t permissions = secinfo.flags & SECINFO_PERMISSIONS;

	if (secinfo.flags != (SECINFO_REG | permissions) ||
	    (permissions & (SECINFO_R | SECINFO_W)) == SECINFO_W)
		return leaf_gp(l);
	step = leaf_ordinary(l, from, PROT_READ);
	if (step == LEAF_OK)
		step = leaf_reach(l, to, PROT_WRITE);
	if (step != LEAF_OK)
		return step;
	if ((leaf_entry(l, to) & SIM_PAGE_ACCEPTED_BITS) !=
	    (SECINFO_REG | SECINFO_PENDING | SECINFO_R | SECINFO_W)) {
		leaf_return(l, SGX_PAGE_ATTRIBUTES_MISMATCH);
		return LEAF_OK;
	}
	step = leaf_copy(l, to, from, permissions);
	if (step != LEAF_OK)
		return step;
	atomic_fetch_add(&l->d->accepted, 1);
	leaf_return(l, SGX_SUCCESS);
	return LEAF_OK;
}

/* --- EMODPE: adds rights, gives no error code --- */

static enum leaf_step leaf_emodpe(struct leaf *l)
{
	struct sgx_secinfo secinfo;
	uint64_t address = l->regs->rcx;
	enum leaf_step step = leaf_secinfo(l, &secinfo);

	if (step == LEAF_OK)
		step = leaf_operand(l, address, SIM_PAGE_SIZE);
	if (step == LEAF_OK)
		step = leaf_reach(l, address, PROT_READ);
	if (step != LEAF_OK)
		return step;

	sim_page entry = leaf_entry(l, address);

	if ((entry & (SIM_PAGE_TYPE | SECINFO_PENDING | SECINFO_MODIFIED)) != SECINFO_REG)
		return leaf_pf_epcm(l, address, 0);
	if (!((entry | secinfo.flags) & SECINFO_R) && (secinfo.flags & SECINFO_W))
		return leaf_gp(l);
	return leaf_update(l, address, entry | (sim_page)(secinfo.flags & SECINFO_PERMISSIONS));
}

/* --- EREPORT, EGETKEY --- */

static enum leaf_step leaf_ereport(struct leaf *l)
{
	uint64_t target_at = l->regs->rbx, data_at = l->regs->rcx, out_at = l->regs->rdx;
	struct sgx_targetinfo target;
	struct sgx_reportdata data;
	struct sgx_report report;
	enum leaf_step step = leaf_operand(l, target_at, SGX_TARGETINFO_ALIGN);

	if (step == LEAF_OK)
		step = leaf_operand(l, data_at, SGX_REPORTDATA_ALIGN);
	if (step == LEAF_OK)
		step = leaf_operand(l, out_at, SGX_REPORT_ALIGN);
	if (step == LEAF_OK)
		step = leaf_ordinary(l, target_at, PROT_READ);
	if (step == LEAF_OK)
		step = leaf_ordinary(l, data_at, PROT_READ);
	if (step == LEAF_OK)
		step = leaf_ordinary(l, out_at, PROT_WRITE);
	if (step != LEAF_OK)
		return step;
	memcpy(&target, leaf_pointer(target_at), sizeof target);
	memcpy(&data, leaf_pointer(data_at), sizeof data);
	if (sgx_make_report(&report, sim_machine(), &l->d->identity, &target, &data) != SGX_SUCCESS)
		return leaf_gp(l);
	memcpy(leaf_pointer(out_at), &report, sizeof report);
	return LEAF_OK;
}

static enum leaf_step leaf_egetkey(struct leaf *l)
{
	uint64_t request_at = l->regs->rbx, out_at = l->regs->rcx;
	struct sgx_keyrequest request;
	uint8_t key[SGX_KEY_SIZE];
	enum leaf_step step = leaf_operand(l, request_at, SGX_KEYREQUEST_ALIGN);

	if (step == LEAF_OK)
		step = leaf_operand(l, out_at, SGX_KEY_ALIGN);
	if (step == LEAF_OK)
		step = leaf_ordinary(l, request_at, PROT_READ);
	if (step == LEAF_OK)
		step = leaf_ordinary(l, out_at, PROT_WRITE);
	if (step != LEAF_OK)
		return step;
	memcpy(&request, leaf_pointer(request_at), sizeof request);

	uint32_t error = sgx_get_key(key, sim_machine(), &l->d->identity, &request);

	if (error == SGX_FAULT_GP)
		return leaf_gp(l);
	if (error == SGX_SUCCESS)
		memcpy(leaf_pointer(out_at), key, sizeof key);
	wipe(key, sizeof key);
	leaf_return(l, error);
	return LEAF_OK;
}

/* --- dispatch --- */

static enum leaf_step leaf_execute(struct leaf *l)
{
	switch ((uint32_t)l->regs->rax) {
	case ENCLU_EREPORT:
		return leaf_ereport(l);
	case ENCLU_EGETKEY:
		return leaf_egetkey(l);
	case ENCLU_EACCEPT:
		return leaf_eaccept(l);
	case ENCLU_EMODPE:
		return leaf_emodpe(l);
	case ENCLU_EACCEPTCOPY:
		return leaf_eacceptcopy(l);
	default: /* EENTER and ERESUME inside an enclave, and what this CPU does not know */
		return leaf_gp(l);
	}
}

/*
 * EEXIT: RCX := AEP, RIP := RBX, the host's FS and GS; nothing else changes. Outside an enclave
 * there is no code to be fetched from ELRANGE, so leaving to there faults here.
 */
static enum sim_leaf_result sim_leaf_exit(struct sim_thread *t, struct sgx_gprs *regs,
					  struct sim_event *event)
{
	if (!sim_canonical(regs->rbx) || sim_offset(t->device, regs->rbx) != UINT64_MAX) {
		*event = (struct sim_event){.exception = true, .vector = VECTOR_GP};
		return SIM_LEAF_FAULT;
	}
	regs->rcx = (uint64_t)(uintptr_t)sim_return_points + t->index * SIM_RETURN_POINT_SIZE;
	regs->rip = regs->rbx;
	regs->fsbase = t->host_fs;
	regs->gsbase = t->host_gs;
	return SIM_LEAF_EXIT;
}

static void sim_leaf_augment(struct sim_thread *t, struct leaf *l, const void *xsave)
{
	if (l->d->mode == DEVICE_SIM_STRICT)
		sim_aex_trace(t, l->regs, xsave, l->event);
	else
		t->tcs->aexs++;
	t->tcs->resumes++;
}

enum sim_leaf_result sim_leaf(struct sim_thread *t, struct sgx_gprs *regs, const void *xsave,
			      struct sim_event *event)
{
	struct leaf l = {.d = t->device, .regs = regs, .event = event};
	enum leaf_step step;

	if ((uint32_t)regs->rax == ENCLU_EEXIT)
		return sim_leaf_exit(t, regs, event);
	do {
		pthread_mutex_lock(&l.d->lock);
		step = leaf_execute(&l);
		if (step == LEAF_AUGMENT && sim_pages_augment(&l.d->pages, l.augment) != 0)
			step = LEAF_FAULT;
		pthread_mutex_unlock(&l.d->lock);
		if (step == LEAF_AUGMENT)
			sim_leaf_augment(t, &l, xsave);
	} while (step == LEAF_AUGMENT);
	if (step == LEAF_FAULT)
		return SIM_LEAF_FAULT;
	regs->rip += ENCLU_SIZE;
	return SIM_LEAF_DONE;
}

void sim_leaf_fast(struct sim_thread *t, const void *xsave)
{
	struct sim_frame frame = {.regs = t->leaf, .xsave = xsave, .mask = g_sim_xsave_mask};
	struct sim_event event;

	frame.regs.rip = t->device->device.base + t->device->enclu_at;
	switch (sim_leaf(t, &frame.regs, xsave, &event)) {
	case SIM_LEAF_DONE:
		t->inside = 1;
		break;
	case SIM_LEAF_EXIT:
		break;
	case SIM_LEAF_FAULT:
		sim_aex(t, &frame.regs, xsave, &event);
		sim_thread_note(t, &event);
		sim_aex_land(t);
	}
	sim_restore(&frame);
}
