// SPDX-License-Identifier: MIT
/* apps.conf: what is accepted, what it means, and every refusal's words. */
#include "config/apps.h"

#include <string.h>

#include "lib/own.h"
#include "lib/text.h"
#include "tests/line.h"
#include "tests/table.h"

static int read_apps(const char *text, struct apps_conf *c, struct ini_error *e)
{
	return apps_conf_read("apps.conf", text, strlen(text), c, e);
}

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A96 A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EXPECT_ALLOWED                                                         \
	" refused; allowed is one sha256:HEX, sha384:HEX or sha512:HEX below " \
	"an exec or measure line, without measure-by = verity"
#define BY_ALLOWED                                                    \
	" refused; allowed is content or verity, the latter without " \
	"expect"

static void reads_every_key(void **state)
{
	static struct apps_conf c; /* large */
	struct ini_error e;

	(void)state;
	assert_int_equal(read_apps("[app web]\n"
				   "exec = /usr/bin/python3 \"/app/my main.py\""
				   "  --port 8080\n"
				   "expect = sha384:" A96 "\n"
				   "measure = /app\nmeasure = /etc/x y\n"
				   "expect = sha256:" A64 "\n"
				   "user = www-data\nenv = LOG=info=1\n"
				   "restart = on-failure\nstop-timeout = 3\n"
				   "[app two]\nexec = /bin/true\n"
				   "measure-by = verity\n"
				   "[app three]\nmeasure-by = content\n"
				   "exec = /bin/true\nexpect = sha256:" A64
				   "\n",
				   &c, &e),
			 0);
	assert_int_equal(c.n, 3);
	assert_int_equal(c.app[0].measure_by, APP_MEASURE_BY_CONTENT);
	assert_int_equal(c.app[1].measure_by, APP_MEASURE_BY_VERITY);
	assert_int_equal(c.app[2].measure_by, APP_MEASURE_BY_CONTENT);
	assert_string_equal(c.app[0].name, "web");
	assert_string_equal(c.app[0].argv[0], "/usr/bin/python3");
	assert_string_equal(c.app[0].argv[1], "/app/my main.py");
	assert_string_equal(c.app[0].argv[3], "8080");
	assert_null(c.app[0].argv[4]);
	assert_int_equal(c.app[0].measure_n, 2);
	assert_string_equal(c.app[0].measure[1].path, "/etc/x y");
	assert_int_equal(c.app[0].expect.alg, DIGEST_SHA384);
	assert_int_equal(c.app[0].expect.value[47], 0xaa);
	assert_false(c.app[0].measure[0].expect.given);
	assert_true(c.app[0].measure[1].expect.given);
	assert_int_equal(c.app[0].measure[1].expect.alg, DIGEST_SHA256);
	assert_false(c.app[1].expect.given);
	assert_string_equal(c.app[0].user, "www-data");
	assert_string_equal(c.app[0].env[0], "LOG=info=1");
	assert_int_equal(c.app[0].restart, APP_RESTART_ON_FAILURE);
	assert_int_equal(c.app[0].stop_timeout_s, 3);
	assert_int_equal(c.app[1].restart, APP_RESTART_NEVER);
	assert_int_equal(c.app[1].stop_timeout_s, 10);
	assert_string_equal(c.app[1].user, "");
	apps_conf_free(&c);
}

static const struct refusal {
	const char *want;
	const char *text;
} refusals[] = {
	{ "apps.conf: is empty", "" },
	{ "apps.conf:1: unknown section [boot]; allowed are [app NAME]",
	  "[boot]\n" },
	{ "apps.conf:1: [app Web]: a name has 1 to 32 of a-z 0-9 - _",
	  "[app Web]\n" },
	{ "apps.conf:3: [app a]: repeated; one section each",
	  "[app a]\nexec = /a\n[app a]\n" },
	{ "apps.conf:2: exec = python3 refused; allowed is an absolute path "
	  "and at most 63 arguments",
	  "[app a]\nexec = python3\n" },
	{ "apps.conf:2: exec =  refused; allowed is an absolute path and at "
	  "most 63 arguments",
	  "[app a]\nexec =\n" },
	{ "apps.conf:2: exec = /a \"b refused; allowed is an absolute path "
	  "and at most 63 arguments",
	  "[app a]\nexec = /a \"b\n" },
	{ "apps.conf:2: exec = /../a refused; allowed is an absolute path "
	  "and at most 63 arguments",
	  "[app a]\nexec = /../a\n" },
	{ "apps.conf:3: exec repeated in [app a]; one value only",
	  "[app a]\nexec = /a\nexec = /b\n" },
	{ "apps.conf:2: measure = app refused; allowed is an absolute path "
	  "in each of at most 32 lines",
	  "[app a]\nmeasure = app\n" },
	{ "apps.conf:2: env = 1A=b refused; allowed is NAME=value in each of "
	  "at most 32 lines",
	  "[app a]\nenv = 1A=b\n" },
	{ "apps.conf:2: env = A refused; allowed is NAME=value in each of at "
	  "most 32 lines",
	  "[app a]\nenv = A\n" },
	{ "apps.conf:2: expect = sha256:" A64 EXPECT_ALLOWED,
	  "[app a]\nexpect = sha256:" A64 "\nexec = /a\n" },
	{ "apps.conf:4: expect = sha256:" A64 EXPECT_ALLOWED,
	  "[app a]\nexec = /a\nexpect = sha256:" A64 "\nexpect = sha256:" A64
	  "\n" },
	{ "apps.conf:3: expect = sha384:" A64 EXPECT_ALLOWED,
	  "[app a]\nexec = /a\nexpect = sha384:" A64 "\n" },
	{ "apps.conf:3: expect = " A64 EXPECT_ALLOWED,
	  "[app a]\nexec = /a\nexpect = " A64 "\n" },
	{ "apps.conf:3: expect = sha1:aa" EXPECT_ALLOWED,
	  "[app a]\nexec = /a\nexpect = sha1:aa\n" },
	{ "apps.conf:4: expect = sha256:" A64 EXPECT_ALLOWED,
	  "[app a]\nmeasure-by = verity\nexec = /a\n"
	  "expect = sha256:" A64 "\n" },
	{ "apps.conf:4: measure-by = verity" BY_ALLOWED,
	  "[app a]\nexec = /a\nexpect = sha256:" A64 "\n"
	  "measure-by = verity\n" },
	{ "apps.conf:2: measure-by = root" BY_ALLOWED,
	  "[app a]\nmeasure-by = root\n" },
	{ "apps.conf:3: measure-by repeated in [app a]; one value only",
	  "[app a]\nmeasure-by = content\nmeasure-by = verity\n" },
	{ "apps.conf:3: expect = sm3:aa" EXPECT_ALLOWED,
	  "[app a]\nexec = /a\nexpect = sm3:aa\n" },
	{ "apps.conf:3: expect = sha256:" EXPECT_ALLOWED,
	  "[app a]\nexec = /a\nexpect = sha256:\n" },
	{ "apps.conf:2: user = Root! refused; allowed is a user name of "
	  "/etc/passwd",
	  "[app a]\nuser = Root!\n" },
	{ "apps.conf:2: restart = yes refused; allowed is never, on-failure "
	  "or always",
	  "[app a]\nrestart = yes\n" },
	{ "apps.conf:2: stop-timeout = 0 refused; allowed is 1 to 3600 "
	  "seconds",
	  "[app a]\nstop-timeout = 0\n" },
};

static void refuses(void **state)
{
	static struct apps_conf c; /* large */
	const struct refusal *want = *state;
	struct ini_error e;

	assert_true(read_apps(want->text, &c, &e) < 0);
	assert_string_equal(e.text, want->want);
	apps_conf_free(&c);
}

static const struct bound {
	const char *name;
	const char *line; /* repeated */
	int max;
} bounds[] = {
	{ "measure", "measure = /a\n", app_list_max },
	{ "env", "env = A=b\n", app_list_max },
};

static int read_repeated(const struct bound *b, int n)
{
	static struct apps_conf c; /* large */
	own_text struct text text = { 0 };
	struct ini_error e;
	int r;

	text_add(&text, "[app a]\nexec = /a\n");
	for (int i = 0; i < n; i++)
		text_add(&text, "%s", b->line);
	r = read_apps(text.s, &c, &e);
	apps_conf_free(&c);
	return r;
}

static void bounded_lists(void **state)
{
	const struct bound *b = *state;

	assert_int_equal(read_repeated(b, b->max), 0);
	assert_true(read_repeated(b, b->max + 1) < 0);
}

static int read_n_apps(int n)
{
	static struct apps_conf c; /* large */
	own_text struct text text = { 0 };
	struct ini_error e;
	int r;

	for (int i = 0; i < n; i++)
		text_add(&text, "[app a%d]\nexec = /a\n", i);
	r = read_apps(text.s, &c, &e);
	apps_conf_free(&c);
	return r;
}

static void bounded_apps(void **state)
{
	(void)state;
	assert_int_equal(read_n_apps(apps_max), 0);
	assert_true(read_n_apps(apps_max + 1) < 0);
}

static int read_n_args(int n)
{
	static struct apps_conf c; /* large */
	own_text struct text text = { 0 };
	struct ini_error e;
	int r;

	text_add(&text, "[app a]\nexec = /a");
	for (int i = 1; i < n; i++)
		text_add(&text, " x");
	text_add(&text, "\n");
	r = read_apps(text.s, &c, &e);
	apps_conf_free(&c);
	return r;
}

static void bounded_arguments(void **state)
{
	(void)state;
	assert_int_equal(read_n_args(app_args_max), 0);
	assert_true(read_n_args(app_args_max + 1) < 0);
}

static void supervise_needs_an_app(void **state)
{
	static const struct apps_conf none;
	static const struct apps_conf one = { .n = 1 };
	static struct boot_conf boot;
	struct fail f = { 0 };

	(void)state;
	boot.workload.mode = BOOT_WORKLOAD_EXEC;
	assert_ok(apps_conf_check(&none, &boot, "apps.conf", &f), &f);
	boot.workload.mode = BOOT_WORKLOAD_SUPERVISE;
	assert_ok(apps_conf_check(&one, &boot, "apps.conf", &f), &f);
	assert_refusal(apps_conf_check(&none, &boot, "apps.conf", &f), &f,
		       "cannot run the apps of apps.conf: it declares no "
		       "[app]; declare one, see apps.conf(5)");
}

int main(void)
{
	const struct table tables[] = {
		CASE(reads_every_key),	      TABLE(refuses, refusals),
		TABLE(bounded_lists, bounds), CASE(bounded_apps),
		CASE(bounded_arguments),      CASE(supervise_needs_an_app),
	};

	return table_run(tables, array_size(tables));
}
