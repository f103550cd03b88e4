/*
 * An outcome as bytes: struct run_result and its data (boundary/abi.h), for the host's slot or for the
 * owner's client.
 * Trust: the outcome is ours; names in it are the module's bytes.
 * Invariant: PROGRAM_RESULT_MAX holds any outcome.
 */
#include "base/writer.h"
#include "program/program.h"

/* Names are padded with zeros to a multiple of 8 bytes. */
static void write_frame(struct writer *w, const struct program_frame *f)
{
	static const uint8_t padding[7];
	const uint32_t size = f->name_size < RUN_NAME_MAX ? f->name_size : RUN_NAME_MAX;
	const struct run_frame record = {.func = f->func, .offset = f->offset, .name_size = size};

	writer_bytes(w, &record, sizeof(record));
	writer_bytes(w, f->name, size);
	writer_bytes(w, padding, -size & 7u);
}

size_t program_result_encode(uint8_t out[PROGRAM_RESULT_MAX], const struct program_outcome *outcome)
{
	const struct run_result r = {.kind = outcome->kind,
				     .code = outcome->code,
				     .detail = {outcome->detail[0], outcome->detail[1]},
				     .frame_count = outcome->frame_count,
				     .value_count = outcome->value_count,
				     .text_size = outcome->text_size,
				     .volume_count = outcome->volume_count};
	struct writer w;

	must(outcome->frame_count <= RUN_FRAMES_MAX && outcome->value_count <= RUN_VALUES_MAX &&
	     outcome->text_size <= sizeof(outcome->text) &&
	     outcome->volume_count <= RUN_VOLUMES_MAX);
	writer_init(&w, out, PROGRAM_RESULT_MAX);
	writer_bytes(&w, &r, sizeof(r));
	for (uint32_t i = 0; i < outcome->frame_count; i++)
		write_frame(&w, &outcome->frame[i]);
	writer_bytes(&w, outcome->value, outcome->value_count * sizeof(outcome->value[0]));
	writer_bytes(&w, outcome->text, outcome->text_size);
	writer_bytes(&w, outcome->volume, outcome->volume_count * sizeof(outcome->volume[0]));
	must(writer_ok(&w));
	return w.len;
}
