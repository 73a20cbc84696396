// SPDX-License-Identifier: MIT
/* See verdict.h. */
#include "evidence/judge/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const result_names[] = {
	[CHECK_OK] = "ok",
	[CHECK_REFUSED] = "refused",
	[CHECK_MISSING] = "missing",
	[CHECK_SKIPPED] = "skipped",
};

const char *check_result_name(enum check_result result)
{
	return result_names[result];
}

void verdict_free(struct verdict *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free(v->check[i].text);
		if (v->check[i].difference)
			difference_free(&v->check[i].difference->listing);
		free(v->check[i].difference);
	}
	log_events_free(&v->events);
	*v = (struct verdict){ 0 };
}

int verdict_add(struct verdict *v, const char *name, enum check_result result,
		const char *text, ...)
{
	struct check *c = &v->check[v->n];
	va_list args;
	int len;

	if (v->n == checks_max)
		return -ENOMEM;
	va_start(args, text);
	len = vasprintf(&c->text, text, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	c->name = name;
	c->result = result;
	v->n++;
	return 0;
}

int verdict_add_difference(struct verdict *v, size_t event, size_t expected,
			   struct difference *listing)
{
	struct check_difference *d = malloc(sizeof(*d));

	if (!d)
		return -ENOMEM;
	*d = (struct check_difference){ event, expected, *listing };
	*listing = (struct difference){ .kind = DIFFERENCE_NONE };
	v->check[v->n - 1].difference = d;
	return 0;
}

bool check_hinders(const struct check *c)
{
	return c->result == CHECK_REFUSED || c->result == CHECK_MISSING;
}

const struct check *verdict_obstacle(const struct verdict *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (check_hinders(&v->check[i]))
			return &v->check[i];
	return NULL;
}

bool verdict_trusted(const struct verdict *v)
{
	return v->n > 0 && !verdict_obstacle(v);
}
