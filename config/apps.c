// SPDX-License-Identifier: MIT
/* See apps.h. The table is the syntax of apps.conf(5), row for row. */
#include "config/apps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/fields.h"
#include "lib/text.h"

static const char *const restart_names[] = { "never", "on-failure", "always",
					     NULL };

static int list_add(struct app_list *list, const char *value)
{
	char *copy;

	if (list->n == app_list_max)
		return -E2BIG;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	list->value[list->n++] = copy;
	return 0;
}

static void list_free(struct app_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->value[i]);
	list->n = 0;
}

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
	return 0;
}

static int parse_measure(const char *value, void *field)
{
	if (!text_is_path(value))
		return -EINVAL;
	return list_add(field, value);
}

/* NAME=value, the name as POSIX has it (XBD 8.1). */
static int parse_env(const char *value, void *field)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
	size_t len = strcspn(value, "=");

	if (len == 0 || !value[len] || !strchr(letters, value[0]))
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		if (!strchr(letters, value[i]) &&
		    (value[i] < '0' || value[i] > '9'))
			return -EINVAL;
	return list_add(field, value);
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
	{ "measure", parse_measure, offsetof(struct app, measure), INI_REPEAT,
	  "an absolute path in each of at most 32 lines" },
	{ "env", parse_env, offsetof(struct app, env), INI_REPEAT,
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
		list_free(&c->app[i].measure);
		list_free(&c->app[i].env);
	}
	c->n = 0;
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
