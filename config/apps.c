// SPDX-License-Identifier: MIT
/* See apps.h. The table is the syntax of apps.conf(5), row for row. */
#include "config/apps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fields.h"
#include "lib/hex.h"
#include "lib/text.h"

static const char *const measure_by_names[] = { "content", "verity", NULL };

static const char *const restart_names[] = { "never", "on-failure", "always",
					     NULL };

/* A command line; its first word is an absolute path. */
static int parse_exec(const char *value, void *field)
{
	struct app *app = field;
	int n;

	if (strlen(value) >= app_line_max)
		return -E2BIG;
	memcpy(app->args, value, strlen(value) + 1);
	n = text_split_words(app->args, app->argv, app_args_max);
	if (n < 1 || !text_is_path(app->argv[0]))
		return -EINVAL;
	app->last = &app->expect;
	return 0;
}

static int parse_measure(const char *value, void *field)
{
	struct app *app = field;
	struct app_file *file = &app->measure[app->measure_n];

	if (!text_is_path(value))
		return -EINVAL;
	if (app->measure_n == app_list_max)
		return -E2BIG;
	file->path = strdup(value);
	if (!file->path)
		return -ENOMEM;
	app->measure_n++;
	app->last = &file->expect;
	return 0;
}

/* There is no content to expect where none is read. */
static int parse_measure_by(const char *value, void *field)
{
	struct app *app = field;
	int choice = field_choice(value, measure_by_names);

	if (choice < 0)
		return choice;
	app->measure_by = (enum app_measure_by)choice;
	return app->measure_by == APP_MEASURE_BY_VERITY && app->expects
		       ? -EINVAL
		       : 0;
}

/* "sha256:HEX", about the exec or measure line before it. */
static int parse_expect(const char *value, void *field)
{
	struct app *app = field;
	const char *colon = strchr(value, ':');
	struct expected_digest *e = app->last;
	size_t len = 0;
	char name[8];
	int alg;

	if (app->measure_by == APP_MEASURE_BY_VERITY)
		return -EINVAL;
	if (!e || e->given || !colon || (size_t)(colon - value) >= sizeof(name))
		return -EINVAL;
	memcpy(name, value, (size_t)(colon - value));
	name[colon - value] = '\0';
	alg = digest_from_name(name);
	if (alg < 0 || alg == DIGEST_SHA1 ||
	    hex_decode(colon + 1, sizeof(e->value), e->value, &len) < 0 ||
	    len != digest_size((enum digest_alg)alg))
		return -EINVAL;
	e->alg = (enum digest_alg)alg;
	e->given = true;
	app->expects = true;
	return 0;
}

/* NAME=value, the name as POSIX has it (XBD 8.1). */
static int parse_env(const char *value, void *field)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	struct app *app = field;
	size_t len = strcspn(value, "=");

	if (len == 0 || !value[len] || !strchr(letters, value[0]))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!strchr(letters, value[i]) &&
		    (value[i] < '0' || value[i] > '9'))
			return -EINVAL;
	if (app->env_n == app_list_max)
		return -E2BIG;
	app->env[app->env_n] = strdup(value);
	if (!app->env[app->env_n])
		return -ENOMEM;
	app->env_n++;
	return 0;
}

static int parse_user(const char *value, void *field)
{
	if (!text_is_name(value, app_name_max))
		return -EINVAL;
	(void)snprintf(field, app_name_max + 1, "%s", value); /* fits */
	return 0;
}

static int parse_restart(const char *value, void *field)
{
	int choice = field_choice(value, restart_names);

	if (choice >= 0)
		*(enum app_restart *)field = (enum app_restart)choice;
	return choice;
}

static const struct ini_key app_keys[] = {
	{ "exec", parse_exec, 0, INI_REQUIRED,
	  "an absolute path and at most 63 arguments" },
	{ "measure", parse_measure, 0, INI_REPEAT,
	  "an absolute path in each of at most 32 lines" },
	{ "expect", parse_expect, 0, INI_REPEAT,
	  "one sha256:HEX, sha384:HEX or sha512:HEX below an exec or measure "
	  "line, without measure-by = verity" },
	{ "measure-by", parse_measure_by, 0, INI_ONCE,
	  "content or verity, the latter without expect" },
	{ "env", parse_env, 0, INI_REPEAT,
	  "NAME=value in each of at most 32 lines" },
	{ "user", parse_user, offsetof(struct app, user), INI_ONCE,
	  "a user name of /etc/passwd" },
	{ "restart", parse_restart, offsetof(struct app, restart), INI_ONCE,
	  "never, on-failure or always" },
	{ "stop-timeout", field_seconds, offsetof(struct app, stop_timeout_s),
	  INI_ONCE, "1 to 3600 seconds" },
	{ 0 },
};

static void *open_app(void *conf, const char *name, const char **ret_why)
{
	struct apps_conf *c = conf;
	struct app *app = &c->app[c->n];

	if (!text_is_name(name, app_name_max)) {
		*ret_why = "a name has 1 to 32 of a-z 0-9 - _";
		return NULL;
	}
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->app[i].name, name) == 0) {
			*ret_why = "repeated; one section each";
			return NULL;
		}
	if (c->n == apps_max) {
		*ret_why = "too many apps; at most 32";
		return NULL;
	}
	c->n++;
	(void)snprintf(app->name, sizeof(app->name), "%s", name); /* fits */
	app->stop_timeout_s = 10;
	return app;
}

static const struct ini_section sections[] = {
	{ "app", app_keys, 0, open_app },
	{ 0 },
};

int apps_conf_read(const char *file, const char *text, size_t len,
		   struct apps_conf *ret, struct ini_error *error)
{
	memset(ret, 0, sizeof(*ret));
	if (len > apps_conf_max)
		return ini_refuse(error, file, "is over %d bytes",
				  apps_conf_max);
	return ini_read(file, text, len, sections, ret, error);
}

void apps_conf_free(struct apps_conf *c)
{
	for (size_t i = 0; i < c->n; i++) {
		struct app *app = &c->app[i];

		for (size_t j = 0; j < app->measure_n; j++)
			free(app->measure[j].path);
		for (size_t j = 0; j < app->env_n; j++)
			free(app->env[j]);
	}
	memset(c, 0, sizeof(*c));
}

int apps_conf_check(const struct apps_conf *c, const struct boot_conf *boot,
		    const char *file, struct fail *f)
{
	if (c->n || boot->workload.mode != BOOT_WORKLOAD_SUPERVISE)
		return 0;
	return fail_because(f, "it declares no [app]",
			    "declare one, see apps.conf(5)",
			    "run the apps of %s", file);
}
