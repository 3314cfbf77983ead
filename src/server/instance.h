/* What makes two servers on one machine two: the instance's name, directory and lock. */
#ifndef AAAU_SERVER_INSTANCE_H
#define AAAU_SERVER_INSTANCE_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/str.h"

#define INSTANCE_NAME_SIZE 128

/* "run-aaau.sock" of "/run/aaau.sock". The path is real and absolute. */
void instance_name(const char *socket_path, char ret[INSTANCE_NAME_SIZE]);

/* Opens runtime_dir/NAME, made as needed, root's alone to write. Descriptor, or -1. */
int instance_open(const char *runtime_dir, const char *name, struct str *why);

/* The sessions' directory in it, the service user's alone. Descriptor, or -1. */
int instance_open_sessions(int instance, const char *name, uid_t uid, gid_t gid, struct str *why);

/* Takes the instance's lock: lock_file, or the file `lock` in the instance directory. The lock is
 * the kernel's (flock(2)) and lives as long as the descriptor. -1: somebody has it, or an error. */
int instance_lock(int instance, const char *lock_file, struct str *why);

/* After a start that failed, with the lock still held: removes the directory and the lock in it,
 * unless sessions of an earlier server are listening there. */
void instance_remove(const char *runtime_dir, const char *name);

/* Whether a server holds the lock; its pid as the file has it, 0 if it cannot be told. */
bool instance_is_locked(const char *path, pid_t *ret_pid);

/* Writes our pid into the locked file, for people. */
void instance_write_pid(int lock);

#endif
