/* The name service, which a session has not.
 *
 * libevent can resolve names. Nothing here asks it to, but where it is linked statically its
 * functions are in the program, and with them the C library's name service, which a static program
 * can only have half of. These take that one's place: they know no name.
 */
#include <netdb.h>
#include <stddef.h>

/* The C library's headers have reserved names for these parameters.
 * NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **result)
{
	(void)name;
	(void)service;
	(void)hints;
	*result = NULL;
	return EAI_NONAME;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

struct protoent *getprotobynumber(int number)
{
	(void)number;
	return NULL;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
	(void)name;
	(void)protocol;
	return NULL;
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */
