/*
 * webp WIDTH HEIGHT: makes a picture, compresses it with libwebp in each of its ways, decompresses it
 * and prints sizes and checksums. The same for every build, whatever instructions it uses.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/encode.h>

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Slopes, discs with hard edges, noise in one half, and an alpha channel. */
static void picture_fill(uint8_t *rgba, int width, int height)
{
	uint32_t state = 7;

	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			uint8_t *p = rgba + 4 * ((size_t)y * (size_t)width + (size_t)x);
			int dx = x % 97 - 48, dy = y % 89 - 44;
			uint32_t noise = x > width / 2 ? random_next(&state) % 24 : 0;

			p[0] = (uint8_t)(x * 255 / width);
			p[1] = (uint8_t)(y * 255 / height);
			p[2] = (uint8_t)((x ^ y) & 0xff);
			if (dx * dx + dy * dy < 900)
				p[x % 3] = (uint8_t)(200 + dy);
			p[0] = (uint8_t)(p[0] ^ noise);
			p[3] = (uint8_t)(dx * dx + dy * dy < 1600 ? 255 : 96 + noise);
		}
	}
}

static uint64_t checksum(const uint8_t *p, size_t size)
{
	uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

static void require(int claim, const char *what)
{
	if (!claim) {
		fprintf(stderr, "webp: %s\n", what);
		exit(1);
	}
}

static void decode(const uint8_t *data, size_t size)
{
	int w, h, stride, uv_stride;
	uint8_t *u, *v;
	uint8_t *rgba = WebPDecodeRGBA(data, size, &w, &h);
	uint8_t *bgr = WebPDecodeBGR(data, size, &w, &h);
	uint8_t *y = WebPDecodeYUV(data, size, &w, &h, &u, &v, &stride, &uv_stride);
	WebPDecoderConfig scaled;

	require(rgba && bgr && y && WebPInitDecoderConfig(&scaled), "cannot decode");
	scaled.options.use_scaling = 1;
	scaled.options.scaled_width = w * 2 / 3;
	scaled.options.scaled_height = h / 2;
	scaled.options.dithering_strength = 50;
	scaled.output.colorspace = MODE_rgbA;
	require(WebPDecode(data, size, &scaled) == VP8_STATUS_OK, "cannot decode and scale");
	printf(" rgba %016llx", (unsigned long long)checksum(rgba, (size_t)w * (size_t)h * 4));
	printf(" bgr %016llx", (unsigned long long)checksum(bgr, (size_t)w * (size_t)h * 3));
	printf(" y %016llx", (unsigned long long)checksum(y, (size_t)stride * (size_t)h));
	printf(" scaled %016llx\n",
	       (unsigned long long)checksum(scaled.output.u.RGBA.rgba, scaled.output.u.RGBA.size));
	WebPFreeDecBuffer(&scaled.output);
	WebPFree(rgba);
	WebPFree(bgr);
	WebPFree(y);
}

static void encode(const char *name, const WebPConfig *config, const uint8_t *rgba, int w, int h)
{
	WebPPicture picture;
	WebPMemoryWriter writer;

	require(WebPValidateConfig(config) && WebPPictureInit(&picture), "bad configuration");
	WebPMemoryWriterInit(&writer);
	picture.use_argb = config->lossless;
	picture.width = w;
	picture.height = h;
	picture.writer = WebPMemoryWrite;
	picture.custom_ptr = &writer;
	require(WebPPictureImportRGBA(&picture, rgba, w * 4), "out of memory");
	require(WebPEncode(config, &picture), "cannot encode");
	printf("%-10s %8zu %016llx", name, writer.size,
	       (unsigned long long)checksum(writer.mem, writer.size));
	decode(writer.mem, writer.size);
	WebPPictureFree(&picture);
	WebPMemoryWriterClear(&writer);
}

int main(int argc, char **argv)
{
	int w = argc == 3 ? atoi(argv[1]) : 0, h = argc == 3 ? atoi(argv[2]) : 0;
	WebPConfig config;

	require(w > 0 && w <= 4096 && h > 0 && h <= 4096, "usage: webp WIDTH HEIGHT");
	uint8_t *rgba = malloc((size_t)w * (size_t)h * 4);

	require(rgba && WebPConfigInit(&config), "out of memory");
	picture_fill(rgba, w, h);
	printf("picture %016llx\n", (unsigned long long)checksum(rgba, (size_t)w * (size_t)h * 4));
	encode("default", &config, rgba, w, h);
	config.method = 0;
	config.quality = 20;
	encode("fast", &config, rgba, w, h);
	config.method = 5;
	config.quality = 95;
	config.filter_sharpness = 3;
	config.autofilter = 1;
	config.use_sharp_yuv = 0;
	config.preprocessing = 2;
	encode("slow", &config, rgba, w, h);
	require(WebPConfigInit(&config) && WebPConfigLosslessPreset(&config, 1), "lossless");
	encode("lossless", &config, rgba, w, h);
	config.near_lossless = 40;
	encode("near", &config, rgba, w, h);
	free(rgba);
	return 0;
}
