# The compressors of Debian's source packages, for WASI: zlib's minigzip, bzip2, zstd, lz4, brotli. Results are
# in build/wasi/tools/. Included by test/wasi/build.mk.

WT := $(B)/wasi/tools
ZLIB_DEB   := z/zlib/zlib_1.2.13.dfsg.orig.tar.bz2 71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1
BZIP2_DEB  := b/bzip2/bzip2_1.0.8.orig.tar.gz ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269
ZSTD_DEB   := libz/libzstd/libzstd_1.5.4+dfsg2.orig.tar.xz 8cf4bbb65e77ec348d052c8d6230eba66d435bddf64c8b5be2fcb16880c19953
LZ4_DEB    := l/lz4/lz4_1.9.4.orig.tar.gz 0b0e3aa07c8c063ddf40b082bdf7e37a1562bda40a0ff5272957f3e987e0e54b
BROTLI_DEB := b/brotli/brotli_1.0.9.orig.tar.gz f9e8d81d0405ba66d181529af42a3354f838c939095ff99930da6aa9cdf6fe46

$(WT)/zlib.tar:
	tools/debian-fetch.sh $(ZLIB_DEB) $@
$(WT)/bzip2.tar:
	tools/debian-fetch.sh $(BZIP2_DEB) $@
$(WT)/zstd.tar:
	tools/debian-fetch.sh $(ZSTD_DEB) $@
$(WT)/lz4.tar:
	tools/debian-fetch.sh $(LZ4_DEB) $@
$(WT)/brotli.tar:
	tools/debian-fetch.sh $(BROTLI_DEB) $@
$(WT)/src/%/.done: $(WT)/%.tar
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)tar -xf $< -C $(@D) --strip-components=1 --no-same-owner
	@touch $@

# $(1): the program, $(2): its package, $(3): flags without their dash, $(4): sources as patterns below the
# package, which the shell lists, since they are not there when make reads this.
WT_FLAGS := -O2 -w -include test/wasi/tools/posix.h $(WASI_EMULATED:%=-D_WASI_EMULATED_%)
define compressor
$(WT)/$(1).wasm: $(WT)/src/$(2)/.done test/wasi/tools/posix.h
	@echo "  WASM  $$@"
	@mkdir -p $(WT)/obj/$(1)
	$(Q)set -e; for source in $$$$(cd $(WT)/src/$(2) && echo $(4)); do \
		$(WASM_CLANG) $(WT_FLAGS) $(3:%=-%) -c $(WT)/src/$(2)/$$$$source \
			-o $(WT)/obj/$(1)/$$$$(echo $$$$source | tr / _).o; done
	$(Q)$(WASM_CLANG) $(WASM_LINK) -Wl,--strip-debug $(WT)/obj/$(1)/*.o $(SQLITE_WASI_LIBS) -o $$@
endef
$(eval $(call compressor,minigzip,zlib,DHAVE_UNISTD_H I$(WT)/src/zlib,*.c test/minigzip.c))
$(eval $(call compressor,bzip2,bzip2,DBZ_UNIX D_FILE_OFFSET_BITS=64,blocksort.c huffman.c crctable.c randtable.c compress.c decompress.c bzlib.c bzip2.c))
$(eval $(call compressor,zstd,zstd,DZSTD_NOBENCH DZSTD_NODICT DZSTD_NOTRACE DZSTD_DISABLE_ASM DXXH_NAMESPACE=ZSTD_ I$(WT)/src/zstd/lib I$(WT)/src/zstd/lib/common,\
	lib/common/*.c lib/compress/*.c lib/decompress/*.c programs/zstdcli.c programs/util.c programs/timefn.c programs/fileio.c programs/fileio_asyncio.c))
$(eval $(call compressor,lz4,lz4,DXXH_NAMESPACE=LZ4_ I$(WT)/src/lz4/lib,lib/lz4.c lib/lz4hc.c lib/lz4frame.c lib/xxhash.c programs/*.c))
$(eval $(call compressor,brotli,brotli,I$(WT)/src/brotli/c/include,c/common/*.c c/dec/*.c c/enc/*.c c/tools/brotli.c))

wasi-tools: $(addprefix $(WT)/,minigzip.wasm bzip2.wasm zstd.wasm lz4.wasm brotli.wasm)
.PHONY: wasi-tools
