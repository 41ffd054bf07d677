/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records on standard output, as a person or a program wants them. */
#ifndef AGENTOS_CTL_PRINTER_H
#define AGENTOS_CTL_PRINTER_H

#include <stdbool.h>

#include "audit/record.h"
#include "base/fault.h"

/* All false but day, which is -1, is a printer that has not printed. */
struct printer {
	bool json, colour;
	bool seq; /* each line begins with its number */
	int day;  /* of the last line, so that each day is announced; -1: none yet */
	int year;
};

/* Errors of standard output are seen by printer_flush(). */
void printer_print(struct printer *p, const struct record *r);
/* -EPIPE: nobody reads on; others as of writing, and f says so. */
int printer_flush(struct fault *f);

#endif
