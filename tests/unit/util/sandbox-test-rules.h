/* What the child of test-sandbox.c may do. */
RULE(write, "says that it got that far")
RULE(exit_group, "ends")
RULE(close, "an allowed call that changes nothing")
RULE_ARG32(ioctl, 1, TIOCGWINSZ, "an allowed request")
RULE_ARG32(ioctl, 1, TCGETS, "another one")
