/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of agentctl audit. */
#ifndef AGENTOS_CTL_AUDIT_H
#define AGENTOS_CTL_AUDIT_H

/* As the commands of ctl.h: argv[0] is the word, or "audit" where there is none. */
int audit_query(int argc, char **argv);
int audit_follow(int argc, char **argv);
int audit_stats(int argc, char **argv);
int audit_metrics(int argc, char **argv);
int audit_export(int argc, char **argv);
int audit_decode(int argc, char **argv);
int audit_report(int argc, char **argv);
int audit_verify(int argc, char **argv);
int audit_anchor(int argc, char **argv);
int audit_checkpoint(int argc, char **argv);
int audit_prove(int argc, char **argv);
int audit_consistency(int argc, char **argv);
int audit_verify_proof(int argc, char **argv);
int audit_rotate_key(int argc, char **argv);

#endif
