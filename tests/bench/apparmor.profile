# SPDX-License-Identifier: GPL-2.0-or-later
# What the policy in tests/bench/guest says, for AppArmor. That script fills in words in "@".
abi <abi/3.0>,

profile agentos-bench {
	# The directory of the measured files holds the programs and libraries as well.
	@DIR@/ r,
	@DIR@/** rwmix,
	/dev/null rw,
	@ALSO@

	network inet stream,
	network inet dgram,

	@RULES@
}
