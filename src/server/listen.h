/* The public socket. */
#ifndef AAAU_SERVER_LISTEN_H
#define AAAU_SERVER_LISTEN_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/str.h"

struct listener {
	int fd;
	int directory;       /* that the socket is in */
	char real[PATH_MAX]; /* its real path: the directory's links resolved */
	const char *name;    /* the last component, in real */
};

/* Whether the directory of the path is missing and listen_make_directory() would make it: below
 * /run, which is empty after each start of the machine. */
bool listen_directory_comes(const char *path);
/* Makes it, if so; as root. 0, or -1 with the reason. */
int listen_make_directory(const char *path, struct str *why);

/* Opens the socket's directory and fills everything but fd, which becomes -1. Warnings are appended
 * to notes, a line each. 0, or -1. */
int listen_locate(struct listener *ret, const char *path, struct str *notes, struct str *why);

/* Binds and listens, after removing a socket that nobody listens on any more. The caller holds the
 * instance's lock. The mode is 0660 root:gid before anybody can connect. 0, or -1. */
int listen_bind(struct listener *listener, gid_t gid, struct str *why);

/* Checks that fd is a listening Unix stream socket and tells its path (108 bytes). 0, or -1. */
int listen_check(int fd, char ret_path[108], struct str *why);

void listen_close(struct listener *listener);

#endif
