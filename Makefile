# SPDX-License-Identifier: GPL-2.0-or-later
# Everything starts here: `make help`.

SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
# As many at a time as there are processors, unless told otherwise; several goals, such as
# "clean all", are meant one after the other.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS))$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

VERSION := 0.1.0
# Of libagentos: changes with each release that programs linked before cannot use.
LIB_ABI := 0
BUILD := build
CACHE ?= $(or $(AGENTOS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/agentos)
# The kernels the virtual machine boots; `make install` builds for the running one.
KERNELS := 6.12 6.1

CC := gcc
CLANG := clang-14
PREFIX ?= /usr/local
DESTDIR ?=

CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu17 -D_GNU_SOURCE -DAGENTOS_VERSION='"$(VERSION)"' $(CFLAGS) \
	-Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wno-unused-parameter -fno-strict-aliasing \
	-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE \
	-I. -Iuapi -Iruntime -I$(BUILD)/bpf -MMD -MP
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)
LIBS := -lbpf -luring -lcyaml -lyaml -ljansson -lcurl -lsodium -lelf -lcrypto -lz -lm
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -U_FORTIFY_SOURCE -O1

LIB_DIRS := lib base loop http rpc audit kern vault policy sched super llm
# The gateway without its main: a test runs it with callers of its own. Of the scripted model likewise its parts.
GATEWAY_MAIN := runtime/gateway/main.c
SCRIPTED_MAIN := runtime/scripted/main.c
SIM_MAIN := runtime/sim/main.c
LIB_SRCS := $(foreach d,$(LIB_DIRS),$(wildcard runtime/$(d)/*.c)) \
	$(filter-out $(GATEWAY_MAIN),$(wildcard runtime/gateway/*.c)) \
	$(filter-out $(SCRIPTED_MAIN),$(wildcard runtime/scripted/*.c)) \
	$(filter-out $(SIM_MAIN),$(wildcard runtime/sim/*.c))
DAEMON_SRCS := $(wildcard runtime/daemon/*.c)
CTL_SRCS := $(wildcard runtime/ctl/*.c)
POST_SRCS := $(wildcard runtime/post/*.c)
UNIT_SRCS := $(wildcard tests/unit/*_test.c)
GUEST_SRCS := $(wildcard tests/kernel/*_test.c tests/escape/*_test.c)
FUZZ_SRCS := $(wildcard tests/fuzz/*.c)
DEBUG_SRCS := $(wildcard tests/debug/*_test.c)
PEERS_SRCS := $(wildcard tests/peers/*.c)
GUEST_PROGRAMS := $(wildcard tests/kernel/prog/*.c tests/escape/prog/*.c tests/bench/*.c)

objs = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

KMOD_SRCS := $(wildcard kmod/*.c kmod/*.h kmod/Kbuild uapi/*.h)
BPF_SRCS := $(wildcard bpf/*.c bpf/*.h uapi/*.h)

.PHONY: all
all: runtime kmod tests-build ## Build everything: module for both kernels, BPF, programs, tests

.PHONY: help
help: ## This list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | \
		awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

# --- set-up ---

.PHONY: deps
deps: ## Install what building, testing and the virtual machine need (Debian packages)
	scripts/deps build vm test workloads

# Set-up that was done once is not looked at again, and works without a network.
.PHONY: ready
ready:
	@scripts/deps build vm test

# --- BPF ---

# Copied once: `sudo make install` has another home, thus another cache, and must not fill it.
$(BUILD)/bpf/vmlinux.h: | $(if $(wildcard $(BUILD)/bpf/vmlinux.h),,$(CACHE)/kernels/6.12/current/vmlinux.h)
	@mkdir -p $(@D)
	cp $| $@

$(CACHE)/kernels/debug/current/vmlinux.h:
	scripts/debug-kernel

$(CACHE)/kernels/%/current/vmlinux.h:
	scripts/deps build vm

$(BUILD)/bpf/agentos.bpf.o: $(BPF_SRCS) $(BUILD)/bpf/vmlinux.h
	@mkdir -p $(@D)
	$(CLANG) -target bpf -D__TARGET_ARCH_x86 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
		-Wno-missing-declarations -Iuapi -I$(BUILD)/bpf -c bpf/main.bpf.c -o $@
	llvm-strip-14 -g $@

$(BUILD)/bpf/agentos.skel.h: $(BUILD)/bpf/agentos.bpf.o
	bpftool gen skeleton $< name agentos_bpf > $@

.PHONY: bpf
bpf: $(BUILD)/bpf/agentos.skel.h ## Build the BPF programs

# --- programs ---

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(BUILD)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(SANITIZE) -c $< -o $@

# libFuzzer is clang's. What it drives is pure, but for files of a log, so these are all the sources
# there are to it.
FUZZ_AUDIT := anchor checkpoint csv denial event_pipe fields frames frames_find keychain leaves lines listing names note \
	otlp otlp_span proof proof_text prover record record_call render render_call render_egress render_json segment_file trail tree unsynced verify verify_marks \
	verify_pruned
FUZZ_SCRIPTED := path phrase reply script script_keys view
FUZZ_LIB := runtime/lib/words.c runtime/gateway/clienthello.c runtime/rpc/call_why.c \
	$(FUZZ_AUDIT:%=runtime/audit/%.c) $(wildcard runtime/base/*.c runtime/http/*.c runtime/vault/*.c runtime/policy/*.c runtime/llm/*.c runtime/sched/*.c) \
	$(FUZZ_SCRIPTED:%=runtime/scripted/%.c)
FUZZ_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -U_FORTIFY_SOURCE -O1

$(BUILD)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(ALL_CFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c $< -o $@

$(BUILD)/tests/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o $(call objs,fuzz,$(FUZZ_LIB))
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -lcyaml -lyaml -ljansson -lcrypto -lsodium -lm -o $@

# Only kern/ sees the programs themselves.
$(BUILD)/obj/runtime/kern/enforce.o $(BUILD)/san/runtime/kern/enforce.o: $(BUILD)/bpf/agentos.skel.h

# Files that are built in.
$(patsubst %,$(BUILD)/%/runtime/llm/catalog_data.o,obj san fuzz): runtime/llm/providers.conf runtime/llm/models.conf

$(BUILD)/libruntime.a: $(call objs,obj,$(LIB_SRCS))
	rm -f $@ && ar rcs $@ $^

$(BUILD)/libruntime-san.a: $(call objs,san,$(LIB_SRCS))
	rm -f $@ && ar rcs $@ $^

$(BUILD)/bin/agentosd: $(call objs,obj,$(DAEMON_SRCS)) $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/bin/agentctl: $(call objs,obj,$(CTL_SRCS)) $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

# It faces agents and the network: what it does not need is not even linked to it.
$(BUILD)/bin/agentos-gateway: $(call objs,obj,$(GATEWAY_MAIN)) $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -luring -ljansson -lcurl -lsodium -lcrypto -o $@

# libcurl and what it needs are 28 libraries, which take 12 million instructions to load: agentctl has none of it.
$(BUILD)/bin/agentos-post: $(call objs,obj,$(POST_SRCS)) $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -lcurl -o $@

$(BUILD)/bin/agentos-scripted: $(call objs,obj,$(SCRIPTED_MAIN)) $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -luring -ljansson -lcrypto -lsodium -o $@

$(BUILD)/bin/agentos-sim: $(call objs,obj,$(SIM_MAIN)) $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ -ljansson -lm -o $@

.PHONY: runtime
runtime: $(addprefix $(BUILD)/bin/,agentosd agentos-gateway agentos-post agentos-scripted agentos-sim agentctl) lib ## Build agentosd, agentos-gateway, agentos-post, agentos-scripted, agentos-sim, agentctl and libagentos

# --- the library for others' programs ---

AGENTOS_LIB_OBJS := $(call objs,obj,$(wildcard runtime/lib/*.c))

.PHONY: lib
lib: $(BUILD)/lib/libagentos.a $(BUILD)/lib/libagentos.so $(BUILD)/lib/libagentos.pc ## Build libagentos, static and shared

$(BUILD)/lib/libagentos.a: $(AGENTOS_LIB_OBJS)
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/lib/libagentos.so: $(AGENTOS_LIB_OBJS)
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,libagentos.so.$(LIB_ABI) -Wl,-z,relro,-z,now $(LDFLAGS) $^ -o $@

$(BUILD)/lib/libagentos.pc: runtime/lib/libagentos.pc.in
	@mkdir -p $(@D)
	sed 's|@VERSION@|$(VERSION)|' $< > $@

# --- the module, out of tree, once per kernel ---

# $(1) where kbuild works, $(2) the kernel's build directory
define kmod_build
	mkdir -p $(1)
	cp -u $(KMOD_SRCS) $(1)/
	$(MAKE) -C $(2) M=$(abspath $(1)) AGENTOS_UAPI=$(abspath $(1)) \
		$(if $(filter %/debug,$(1)),AGENTOS_SELFTEST=y) modules
endef

# Headers of 6.1 come without the kernel's BTF; what kbuild cannot do then is done by hand.
$(BUILD)/kmod/%/agentos.ko: $(KMOD_SRCS) | $(CACHE)/kernels/%/current/vmlinux.h
	$(if $(filter %/release,$?),rm -rf $(@D))
	$(call kmod_build,$(@D),$(CACHE)/kernels/$*/current/build)
	if ! readelf -S $@ | grep -q '\.BTF '; then \
		pahole -J --btf_base $(CACHE)/kernels/$*/current/vmlinux $@ && \
		$(CACHE)/kernels/resolve_btfids -b $(CACHE)/kernels/$*/current/vmlinux $@; \
	fi

# The debugging kernel's release stays the same when it is configured anew.
$(BUILD)/kmod/debug/agentos.ko: $(wildcard $(CACHE)/kernels/debug/current/release)

.PHONY: kmod
kmod: $(KERNELS:%=$(BUILD)/kmod/%/agentos.ko) ## Build the module for both kernels of the VM

.PHONY: kmod-host
kmod-host: ## Build the module for the running kernel (needs its headers)
	scripts/kmod-host $(BUILD)/kmod/host

# --- tests ---

# Whatever blocks on an event loop there aborts.
BLOCKING := $(BUILD)/san/tests/unit/blocking.o
.SECONDARY: $(BLOCKING)

$(BUILD)/tests/unit/%: $(BUILD)/san/tests/unit/%.o $(BLOCKING) $(BUILD)/libruntime-san.a
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(ALL_LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LIBS) -o $@
	@if [ -e tests/unit/$*.timeout ]; then cp tests/unit/$*.timeout $@.timeout; fi

# A part of agentosd, with the rest of it made up.
$(BUILD)/tests/unit/gate_told_test: $(BUILD)/san/runtime/daemon/gate.o \
	$(BUILD)/san/runtime/daemon/lifecycle.o $(BUILD)/san/runtime/daemon/names.o

# Timers that there is no memory for.
$(BUILD)/tests/unit/plain_test: ALL_LDFLAGS += -Wl,--wrap=loop_timer

# Another's parser, to compare with.
$(BUILD)/tests/unit/http_parser_test: LIBS += -lhttp_parser

# These run the programs themselves.
$(BUILD)/tests/unit/audit_commands_test $(BUILD)/tests/unit/audit_keys_test \
	$(BUILD)/tests/unit/report_test $(BUILD)/tests/unit/vault_commands_test \
	$(BUILD)/tests/unit/vault_keys_test $(BUILD)/tests/unit/providers_command_test: | $(BUILD)/bin/agentctl
$(BUILD)/tests/unit/scripted_test: | $(BUILD)/bin/agentos-scripted
$(BUILD)/tests/unit/export_test $(BUILD)/tests/unit/anchor_test: | $(BUILD)/bin/agentctl $(BUILD)/bin/agentos-post

# With real clients, too, the sanitizers look at what the gateway does.
$(BUILD)/tests/peers/%: $(BUILD)/san/tests/peers/%.o $(BLOCKING) $(BUILD)/libruntime-san.a | $(BUILD)/bin/agentos-scripted
	@mkdir -p $(@D)
	$(CC) $(SANITIZE) $(ALL_LDFLAGS) $^ $(LIBS) -o $@

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(BUILD)/libruntime.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) $^ $(LIBS) -o $@
	@if [ -e tests/$*.timeout ]; then cp tests/$*.timeout $@.timeout; fi

# A carrier of attempts that is not moved, and one to be preloaded.
$(BUILD)/tests/escape/prog/carrier_static: $(BUILD)/obj/tests/escape/prog/carrier.o
	@mkdir -p $(@D)
	$(CC) -static -no-pie $(LDFLAGS) $^ -luring -o $@

$(BUILD)/tests/escape/prog/carrier_library.so: tests/escape/prog/carrier.c
	@mkdir -p $(@D) $(BUILD)/obj/tests/escape/prog
	$(CC) $(ALL_CFLAGS) -fPIC -DCARRIER_LIBRARY -MF $(BUILD)/obj/tests/escape/prog/carrier_library.d \
		-shared $(LDFLAGS) $< -o $@

# Preloaded into agentosd.
$(BUILD)/tests/e2e/prog/%.so: tests/e2e/prog/%.c
	@mkdir -p $(@D) $(BUILD)/obj/tests/e2e/prog
	$(CC) $(ALL_CFLAGS) -fPIC -MF $(BUILD)/obj/tests/e2e/prog/$*.d -shared $(LDFLAGS) $< -o $@

GUEST_PROGRAMS_MORE := $(addprefix $(BUILD)/tests/,escape/prog/carrier_static \
	escape/prog/carrier_library.so e2e/prog/ahead.so)

.PHONY: tests-build
tests-build: $(FUZZ_SRCS:%.c=$(BUILD)/%) $(UNIT_SRCS:%.c=$(BUILD)/%) $(GUEST_SRCS:%.c=$(BUILD)/%) $(GUEST_PROGRAMS:%.c=$(BUILD)/%) $(GUEST_PROGRAMS_MORE) $(PEERS_SRCS:%.c=$(BUILD)/%)

.PHONY: test
test: ready ## Install what is missing, build, run all tests (both kernels)
	@scripts/deps workloads
	@$(MAKE) --no-print-directory all
	tests/run $(if $(MINUTES),--minutes $(MINUTES))

.PHONY: debug
debug: ready
	@scripts/debug-kernel --cached || { scripts/deps debug && scripts/debug-kernel; }
	@$(MAKE) --no-print-directory runtime tests-build $(BUILD)/kmod/debug/agentos.ko \
		$(DEBUG_SRCS:%.c=$(BUILD)/%)

.PHONY: test-debug
test-debug: debug ## Run the tests on a kernel with KASAN, lockdep, ... (builds it first)
	tests/run --kernel debug $(if $(MINUTES),--minutes $(MINUTES))

.PHONY: test-power
test-power: all ## Pull the plug of a machine with a busy log, 20 times (POWER_CUTS=20)
	tests/power

.PHONY: test-peers
test-peers: ready ## Real clients from npm and PyPI through the gateway, in each provider's wire
	@scripts/deps peers
	@$(MAKE) --no-print-directory $(PEERS_SRCS:%.c=$(BUILD)/%)
	tests/peers/run

.PHONY: unit
unit: $(FUZZ_SRCS:%.c=$(BUILD)/%) $(UNIT_SRCS:%.c=$(BUILD)/%) ## Run the unit tests alone, natively
	tests/run --unit

.PHONY: fuzz
fuzz: $(FUZZ_SRCS:%.c=$(BUILD)/%) $(BUILD)/tests/unit/fuzz_test ## Fuzz the parsers for an hour each (FUZZ_SECONDS=3600)
	SRC=$(CURDIR) FUZZ_SECONDS=$${FUZZ_SECONDS:-3600} $(BUILD)/tests/unit/fuzz_test

.PHONY: fuzz-syscalls
fuzz-syscalls: debug ## Random system calls by agents, on the debugging kernel (FUZZ_SECONDS=600)
	FUZZ_SECONDS=$${FUZZ_SECONDS:-600} tests/run --kernel debug escape/syscalls

.PHONY: check
check: ## Static checks: format, sparse, W=1, checkpatch, tidy, cppcheck, shellcheck, ...
	@scripts/deps build vm check
	@$(MAKE) --no-print-directory $(BUILD)/bpf/agentos.skel.h
	scripts/check

.PHONY: bench
bench: ## Count instructions: nothing, bystander, agent, Landlock, AppArmor
	@scripts/deps build vm bench
	@$(MAKE) --no-print-directory all
	tests/bench/run

.PHONY: bench-audit
bench-audit: ## Measure the audit log: recording beside auditd, writing, size, verifying, proving
	@scripts/deps build vm bench
	@$(MAKE) --no-print-directory all
	tests/bench/audit

.PHONY: bench-gateway
bench-gateway: ## Measure the gateway: latency, throughput, streams, memory, beside nginx, Portkey, LiteLLM
	@scripts/deps build vm bench-gateway
	@$(MAKE) --no-print-directory runtime $(BUILD)/kmod/6.12/agentos.ko \
		$(addprefix $(BUILD)/tests/bench/,gateway_stage load stream_upstream)
	tests/bench/gateway

.PHONY: bench-sched
bench-sched: $(BUILD)/bin/agentos-sim ## Simulate scheduling: 4 mixes, 7 ways, 20 seeds, beside fifo; and time a decision
	@mkdir -p $(BUILD)/bench
	nice $(BUILD)/bin/agentos-sim --all --decisions --json $(BUILD)/bench/sched.json \
		--plot $(BUILD)/bench/sched.svg

.PHONY: run
run: ready ## Boot a machine, contain an untrusted agent before your eyes, then a prompt
	@scripts/deps demo || echo 'make run: goes on, without what is from npm'
	@$(MAKE) --no-print-directory runtime $(BUILD)/kmod/6.12/agentos.ko
	@tests/demo/run

# --- installation on a host ---

.PHONY: install
install: runtime $(if $(DESTDIR),,kmod-host) ## Install module, programs, profiles, unit file (as root)
	scripts/install "$(DESTDIR)" "$(PREFIX)" $(BUILD)

.PHONY: uninstall
uninstall: ## Remove what install installed; the audit log stays (as root)
	scripts/install --uninstall "$(DESTDIR)" "$(PREFIX)"

.PHONY: format
format: ## Format the C sources in place
	git ls-files '*.c' '*.h' | xargs clang-format-14 -i

.PHONY: clean
clean: ## Remove what was built (the cache of kernels stays)
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj $(BUILD)/san $(BUILD)/fuzz -name '*.d' 2>/dev/null)
