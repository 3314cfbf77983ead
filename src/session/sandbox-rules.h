/* What a session may still ask of the kernel once a client's or the agent's first byte is near.
 * Not among it: to open anything by name, to signal, to exec, to fork, to truncate. */

/* Waiting. */
RULE(epoll_wait, "the event loop")
RULE(epoll_pwait, "the event loop, where there is no epoll_wait")
RULE(epoll_ctl, "the event loop")
RULE(epoll_create1, "the set that watches cgroup.events")
RULE(poll, "whether standard error would make us wait")
RULE(ppoll, "the same, where there is no poll")
RULE(clock_gettime, "where the vDSO cannot answer")
RULE(gettimeofday, "where the vDSO cannot answer")

/* Moving bytes. */
RULE(read, "the PTY, the exec status, the loop's signal pipe")
RULE(write, "the PTY, the record, cgroup.kill, standard error")
RULE(pread64, "cgroup.events")
RULE(recvfrom, "clients")
RULE(recvmsg, "the link, with clients' sockets")
RULE(sendmsg, "clients, the link")
RULE(shutdown, "the end of a client")
RULE(close, "the end of a client, of the link")

/* The next broker. */
RULE(accept4, "the link of a new broker")
RULE_ARG32(getsockopt, 2, SO_PEERCRED, "who it is")
RULE(getuid, "whether that is who we are")
RULE(unlink, "the session's socket at the end")
RULE(unlinkat, "the same, where there is no unlink")

/* Clients that do not read. */
RULE_ARG32(setsockopt, 2, SO_SNDBUF, "room for a farewell")

/* The terminal. */
RULE_ARG32(ioctl, 1, TCGETS, "is this a password?")
/* TCGETS2, whose struct is in a header that cannot be included beside termios.h. */
RULE_ARG32(ioctl, 1, _IOC(_IOC_READ, 'T', 0x2a, 44), "the same, as newer C libraries ask")
RULE_ARG32(ioctl, 1, TIOCSWINSZ, "resize")

/* The agent's end and ours. */
RULE(waitid, "the agent's exit status")
RULE(exit_group, "the end")
RULE(rt_sigreturn, "SIGTERM")
RULE(restart_syscall, "SIGSTOP and SIGCONT during a wait")

/* Memory. */
RULE(brk, "malloc")
RULE_ARG32(mmap, 2, PROT_READ | PROT_WRITE, "malloc; no memory is made executable")
RULE(munmap, "malloc")
RULE(mremap, "malloc")
RULE(madvise, "malloc; the start's memory")
