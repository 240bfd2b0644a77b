/*
 * rude - a program behind a web server that takes a request and hangs up.
 *
 *   rude SOCKET [TEXT]
 *
 * Listens on the Unix socket SOCKET; reads what comes first on each connection, writes TEXT, closes.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 64

int
main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char request[65536];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), conn;

	if (argc < 2 || strlen(argv[1]) >= sizeof(a.sun_path)) {
		fprintf(stderr, "usage: rude SOCKET [TEXT]\n");
		return 64;
	}
	memcpy(a.sun_path, argv[1], strlen(argv[1]));
	unlink(a.sun_path);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, BACKLOG) != 0) {
		perror("rude");
		return 1;
	}
	chmod(a.sun_path, 0777);
	while ((conn = accept(fd, NULL, NULL)) >= 0) {
		if (read(conn, request, sizeof(request)) > 0 && argc > 2)
			(void)!write(conn, argv[2], strlen(argv[2]));
		close(conn);
	}
	return 1;
}
