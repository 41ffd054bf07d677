/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of agentctl vault. */
#ifndef AGENTOS_CTL_VAULT_H
#define AGENTOS_CTL_VAULT_H

/* As the commands of ctl.h: argv[0] is the word. */
int vault_word_init(int argc, char **argv);
int vault_word_set(int argc, char **argv);
int vault_word_list(int argc, char **argv);
int vault_word_hosts(int argc, char **argv);
int vault_word_rm(int argc, char **argv);
int vault_word_bind(int argc, char **argv);
int vault_word_rotate(int argc, char **argv);

/* The help of all of them. */
extern const char vault_help[];

#endif
