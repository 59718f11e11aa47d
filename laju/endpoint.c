/* endpoint.c - the form of endpoints, and which of them other machines can reach. Pure. */
#include "laju/settings.h"
#include "laju/text.h"
#include <arpa/inet.h>
#include <stdlib.h>

enum { IPC_PATH_MAX = 107 /* sun_path */ };

/* host and port of "host:port" or "[v6]:port". */
struct address {
	char host[ENDPOINT_MAX];
	const char *port;
};

static bool
split(const char *text, struct address *out)
{
	const char *colon = strrchr(text, ':');
	if (colon == NULL || colon == text || strlen(text) >= ENDPOINT_MAX)
		return false;
	size_t n = (size_t)(colon - text);
	bool bracketed = text[0] == '[' && text[n - 1] == ']' && n > 2;
	memcpy(out->host, text + bracketed, n - 2 * (size_t)bracketed);
	out->host[n - 2 * (size_t)bracketed] = '\0';
	out->port = colon + 1;
	return bracketed || strchr(out->host, ':') == NULL;
}

static const char *
port_fault(const char *port)
{
	char *end;
	if (port[0] < '0' || port[0] > '9')
		return "the port is not a number";
	unsigned long value = strtoul(port, &end, 10);
	return *end != '\0' || value < 1 || value > 65535 || strlen(port) > 5 ? "the port must be 1 to 65535" : NULL;
}

/* An address, * or the name of an interface. libzmq resolves no host names when it binds. */
static const char *
host_fault(const char *host)
{
	unsigned char address[16];
	if (strcmp(host, "*") == 0 || inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1)
		return NULL;
	if (strcmp(host, "localhost") == 0 || strpbrk(host, ". ") != NULL)
		return "the host must be an address such as 127.0.0.1, an interface, or *";
	return strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@") == strlen(host)
	           ? NULL : "the host must be an address such as 127.0.0.1, an interface, or *";
}

const char *
address_fault(const char *address)
{
	struct address parts;
	if (!split(address, &parts))
		return "it must be host:port";
	const char *fault = strcmp(parts.host, "localhost") == 0 ? NULL : host_fault(parts.host);
	return fault ? fault : port_fault(parts.port);
}

const char *
endpoint_fault(const char *endpoint)
{
	struct address parts;
	if (strncmp(endpoint, "ipc://", 6) == 0) {
		if (endpoint[6] == '\0')
			return "the path is missing";
		if (!text_is_clean(slice_of(endpoint)))
			return "the path must be text without control characters";
		return strlen(endpoint + 6) > IPC_PATH_MAX ? "the path has more than 107 bytes" : NULL;
	}
	if (strncmp(endpoint, "tcp://", 6) != 0)
		return "it must be tcp://address:port or ipc://path";
	if (!split(endpoint + 6, &parts))
		return "it must be tcp://address:port";
	const char *fault = host_fault(parts.host);
	if (fault == NULL && strcmp(parts.port, "*") != 0) /* *: any free port */
		fault = port_fault(parts.port);
	return fault;
}

bool
endpoint_is_remote(const char *endpoint)
{
	struct address parts;
	unsigned char v6[16], loopback[16] = {[15] = 1};
	if (strncmp(endpoint, "ipc://", 6) == 0)
		return false;
	if (!split(strncmp(endpoint, "tcp://", 6) == 0 ? endpoint + 6 : endpoint, &parts))
		return true;
	if (inet_pton(AF_INET, parts.host, v6) == 1)
		return v6[0] != 127;
	if (inet_pton(AF_INET6, parts.host, v6) == 1)
		return memcmp(v6, loopback, sizeof(loopback)) != 0;
	return strcmp(parts.host, "lo") != 0 && strcmp(parts.host, "localhost") != 0;
}

bool
endpoint_clash(const char *a, const char *b)
{
	struct address left, right;
	if (strcmp(a, b) == 0)
		return strncmp(a, "tcp://", 6) != 0 || a[strlen(a) - 1] != '*';
	if (strncmp(a, "tcp://", 6) != 0 || strncmp(b, "tcp://", 6) != 0 || !split(a + 6, &left) || !split(b + 6, &right))
		return false;
	bool any = strcmp(left.host, "*") == 0 || strcmp(right.host, "*") == 0 || strcmp(left.host, "0.0.0.0") == 0 ||
	           strcmp(right.host, "0.0.0.0") == 0 || strcmp(left.host, right.host) == 0;
	return any && atoi(left.port) == atoi(right.port) && strcmp(left.port, "*") != 0;
}
