/*
 * Writing a launch record. Who wrote one decodes it: the rules are checked there (launch/decode.c).
 * Trust: the record is the caller's; lengths are bounded.
 */
#include "launch/impl.h"

static bool encode_string(struct writer *w, struct launch_bytes s)
{
	if (s.size > LAUNCH_SIZE_MAX)
		return false;
	writer_u32(w, (uint32_t)s.size);
	writer_bytes(w, s.p, s.size);
	return true;
}

static bool encode_volume(struct writer *w, const struct launch_mount *m)
{
	writer_u8(w, m->bind_launch ? FLAG_BIND_LAUNCH : 0);
	writer_u8(w, (uint8_t)m->seal_by);
	writer_u16(w, m->svn);
	writer_u8(w, (uint8_t)m->anchor);
	for (int i = 0; i < 3; i++)
		writer_u8(w, 0);
	writer_u64(w, m->size);
	return encode_string(w, m->owner);
}

static bool encode_mount(struct writer *w, const struct launch_mount *m)
{
	writer_u8(w, (uint8_t)m->kind);
	writer_u8(w, m->read_only ? FLAG_READ_ONLY : 0);
	writer_u8(w, (uint8_t)m->key_policy);
	writer_u8(w, 0);
	if (!encode_string(w, m->guest_path) || !encode_string(w, m->label) ||
	    !encode_string(w, m->key_id))
		return false;
	if (m->kind == LAUNCH_MOUNT_TMP)
		writer_u64(w, m->size);
	return m->kind != LAUNCH_MOUNT_VOLUME || encode_volume(w, m);
}

void launch_encode_value(struct writer *w, struct launch_value value)
{
	writer_u8(w, (uint8_t)value.type);
	writer_u64(w, value.bits);
}

static bool encode_args(struct writer *w, const struct launch_record *record)
{
	writer_u32(w, record->argc);
	for (uint32_t i = 0; i < record->argc; i++) {
		if (!encode_string(w, record->argv[i]))
			return false;
	}
	writer_u32(w, record->env_count);
	for (uint32_t i = 0; i < record->env_count; i++) {
		if (!encode_string(w, record->env[i].name) ||
		    !encode_string(w, record->env[i].value))
			return false;
	}
	if (!encode_string(w, record->invoke))
		return false;
	writer_u32(w, record->value_count);
	for (uint32_t i = 0; i < record->value_count; i++)
		launch_encode_value(w, record->values[i]);
	return true;
}

static bool encode_program(struct writer *w, const struct launch_record *record)
{
	writer_bytes(w, record->module_digest, LAUNCH_DIGEST_SIZE);
	writer_bytes(w, record->native_digest, LAUNCH_DIGEST_SIZE);
	writer_u8(w, (uint8_t)record->engine);
	writer_u8(w, (uint8_t)record->diagnostics);
	writer_u8(w, (uint8_t)record->args_policy);
	writer_u8(w, record->strict ? FLAG_STRICT : 0);
	writer_u32(w, record->limits.threads);
	writer_u64(w, record->limits.memory);
	writer_u64(w, record->limits.stack);
	writer_u64(w, record->limits.fuel);
	writer_u64(w, record->limits.timeout);
	writer_u32(w, record->mount_count);
	for (uint32_t i = 0; i < record->mount_count; i++) {
		if (!encode_mount(w, &record->mounts[i]))
			return false;
	}
	writer_u32(w, record->listener_count); /* network rules */
	for (uint32_t i = 0; i < record->listener_count; i++)
		writer_u8(w, RULE_LISTEN);
	return record->args_policy != LAUNCH_ARGS_FIXED || encode_args(w, record);
}

static void encode_start(struct writer *w, const struct launch_volume_start *start)
{
	writer_u32(w, start->mount);
	writer_u8(w, (uint8_t)((start->create ? FLAG_CREATE : 0) |
			       (start->add_seal ? FLAG_ADD_SEAL : 0)));
	for (int i = 0; i < 3; i++)
		writer_u8(w, 0);
	writer_u64(w, start->sequence);
	writer_bytes(w, start->root, sizeof(start->root));
}

static bool encode_invocation(struct writer *w, const struct launch_record *record)
{
	writer_bytes(w, record->salt, sizeof(record->salt));
	if (record->args_policy == LAUNCH_ARGS_ANY && !encode_args(w, record))
		return false;
	writer_u32(w, record->start_count);
	for (uint32_t i = 0; i < record->start_count; i++)
		encode_start(w, &record->starts[i]);
	return true;
}

enum err launch_encode(const struct launch_record *record, struct writer *w)
{
	struct writer program, invocation;

	writer_init(&program, NULL, 0);
	writer_init(&invocation, NULL, 0);
	if (!encode_program(&program, record) || !encode_invocation(&invocation, record) ||
	    program.len > LAUNCH_SIZE_MAX || invocation.len > LAUNCH_SIZE_MAX - program.len)
		return E_LIMIT;
	writer_u32(w, LAUNCH_MAGIC);
	writer_u32(w, LAUNCH_VERSION);
	writer_u32(w, (uint32_t)program.len);
	writer_u32(w, (uint32_t)invocation.len);
	return encode_program(w, record) && encode_invocation(w, record) ? E_OK : E_LIMIT;
}
