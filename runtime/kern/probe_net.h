/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The acts of the self-test on sockets: as struct probe has them. */
#ifndef AGENTOS_KERN_PROBE_NET_H
#define AGENTOS_KERN_PROBE_NET_H

struct probe_stage;

int act_socket(const struct probe_stage *s);
int act_connect(const struct probe_stage *s);
int act_sctp_bind(const struct probe_stage *s);
int act_connect6(const struct probe_stage *s);
int act_sendto(const struct probe_stage *s);
int act_net_out(const struct probe_stage *s);
int act_net_in(const struct probe_stage *s);
int act_bind(const struct probe_stage *s);
int act_listen(const struct probe_stage *s);
int act_route(const struct probe_stage *s);
int act_unix_connect(const struct probe_stage *s);
int act_unix_send(const struct probe_stage *s);

#endif
