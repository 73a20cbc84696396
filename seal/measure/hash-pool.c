// SPDX-License-Identifier: MIT
/*
 * content_digest: who digests what, on all CPUs. Large files come first, the
 * largest of all before the others, so that no CPU is left alone with one at
 * the end; then the small ones in the order given, which is mostly the disk's.
 * A thread goes on with its own large file, else takes a new file, else helps
 * with another's large file if that has digests to share.
 *
 * Memory: a buffer for each thread, and windows_total of windows that are
 * mapped or read ahead but not digested yet; at most 16 MiB together. Only the
 * list of files grows.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "lib/own.h"
#include "seal/measure/content.h"
#include "seal/measure/hash-large.h"
#include "seal/measure/hash-small.h"

enum {
	workers_max = 64,
	windows_total = 12 * 1024 * 1024,
	window_max = 1024 * 1024,
	cached_window_max = 4 * window_max,
};

_Static_assert(workers_max *window_buffer + windows_total <= 16 << 20,
	       "memory is bounded");

struct pool;

struct worker {
	struct pool *pool;
	pthread_t thread;
	struct large own;
	struct digest_state small;
	uint8_t buffer[window_buffer];
};

struct pool {
	pthread_mutex_t lock; /* over all below, and what large.h says */
	pthread_cond_t changed;
	struct content **order;
	size_t n;
	size_t next; /* the first file that nobody has taken */
	struct worker *worker;
	size_t workers;
	size_t working; /* threads that have not left */
	size_t waiting; /* of these */
	struct large_shape shape;
};

static bool is_large(const struct content *c)
{
	return c->st.st_size > small_max;
}

/* How many threads can work on the file at once. */
static size_t places(const struct content *c)
{
	return is_large(c) && c->algs ? (size_t)__builtin_popcount(c->algs) : 1;
}

static int compare_sizes(const void *a, const void *b)
{
	const struct content *x = *(struct content *const *)a;
	const struct content *y = *(struct content *const *)b;

	if (x->st.st_size != y->st.st_size)
		return x->st.st_size < y->st.st_size ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* The pool's order of the files in list. */
static void put_in_order(struct pool *p, struct content *list, size_t n)
{
	size_t large = 0;

	for (size_t i = 0; i < n; i++)
		if (is_large(&list[i]))
			p->order[large++] = &list[i];
	if (large)
		qsort(p->order, large, sizeof(struct content *), compare_sizes);
	p->n = large;
	for (size_t i = 0; i < n; i++)
		if (!is_large(&list[i]))
			p->order[p->n++] = &list[i];
}

/* Cuts windows_total so that each thread reads some windows ahead. */
static struct large_shape shape_for(size_t threads)
{
	size_t share = windows_total / threads;
	size_t window = window_max;
	size_t cached = cached_window_max;

	while (window > window_buffer && window * 4 > share)
		window /= 2;
	while (cached > share)
		cached /= 2;
	return (struct large_shape){ .window = window,
				     .reach = (unsigned)(share / window),
				     .cached_window = cached };
}

/* From here down to work(), the lock is held before and after each call. */
static void wake(struct pool *p)
{
	if (p->waiting)
		(void)pthread_cond_broadcast(&p->changed); /* cannot fail */
}

static void take_small(struct worker *w)
{
	struct pool *p = w->pool;
	struct content **first = &p->order[p->next];
	size_t left = p->n - p->next;
	size_t n = left / (2 * p->workers) + 1; /* so that all end together */

	if (n > small_batch)
		n = small_batch;
	p->next += n;
	(void)pthread_mutex_unlock(&p->lock);
	small_digest(first, n, &w->small, w->buffer);
	(void)pthread_mutex_lock(&p->lock);
}

/* Closes it and frees its place. */
static void finish_large(struct pool *p, struct large *l, int r)
{
	(void)pthread_mutex_unlock(&p->lock);
	large_close(l, r);
	(void)pthread_mutex_lock(&p->lock);
	l->file = NULL;
	wake(p);
}

static void take_large(struct worker *w)
{
	struct pool *p = w->pool;
	struct large *l = &w->own;
	int r;

	*l = (struct large){ .file = p->order[p->next++],
			     .fd = -1,
			     .state = l->state };
	(void)pthread_mutex_unlock(&p->lock);
	r = large_open(l, &p->shape);
	(void)pthread_mutex_lock(&p->lock);
	if (r < 0) {
		finish_large(p, l, r);
		return;
	}
	l->ready = true;
	wake(p);
}

static bool do_step(struct worker *w, struct large *l)
{
	struct pool *p = w->pool;
	struct large_step step;

	if (!l->file || !large_next(l, p->waiting > 0, &step))
		return false;
	wake(p);
	(void)pthread_mutex_unlock(&p->lock);
	large_do(l, &step, w->buffer);
	(void)pthread_mutex_lock(&p->lock);
	if (large_done(l, &step))
		finish_large(p, l, 0);
	else
		wake(p);
	return true;
}

/* Does a step of some thread's large file. */
static bool help(struct worker *w)
{
	struct pool *p = w->pool;

	for (size_t i = 0; i < p->workers; i++)
		if (do_step(w, &p->worker[i].own))
			return true;
	return false;
}

/* No file is left to take: can this thread still be of use? */
static bool is_needed(const struct pool *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->workers; i++)
		if (p->worker[i].own.file)
			n += places(p->worker[i].own.file);
	return n >= p->working;
}

static bool take(struct worker *w)
{
	struct pool *p = w->pool;

	if (p->next == p->n || w->own.file)
		return false;
	if (is_large(p->order[p->next]))
		take_large(w);
	else
		take_small(w);
	return true;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;

	(void)pthread_mutex_lock(&p->lock);
	for (;;) {
		if (do_step(w, &w->own) || take(w) || help(w))
			continue;
		if (!is_needed(p))
			break;
		p->waiting++;
		(void)pthread_cond_wait(&p->changed, &p->lock);
		p->waiting--;
	}
	p->working--;
	wake(p);
	(void)pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* This thread works too; without helpers it does everything. */
static void run(struct pool *p)
{
	struct window_guard guard;
	size_t helpers = 0;

	window_guard_raise(&guard);
	p->shape.guarded = guard.stands;
	(void)pthread_mutex_lock(&p->lock);
	while (p->working < p->workers &&
	       pthread_create(&p->worker[helpers + 1].thread, NULL, work,
			      &p->worker[helpers + 1]) == 0) {
		helpers++;
		p->working++;
	}
	(void)pthread_mutex_unlock(&p->lock);
	(void)work(&p->worker[0]); /* always NULL */
	for (size_t i = 1; i <= helpers; i++)
		(void)pthread_join(p->worker[i].thread, NULL); /* ours, once */
	window_guard_drop(&guard);
}

/* Threads that would have something to do. */
static size_t count_workers(const struct content *list, size_t n)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t max = cpus < 1 ? 1 : (size_t)cpus;
	size_t useful = 0;

	if (max > workers_max)
		max = workers_max;
	for (size_t i = 0; i < n && useful < max; i++)
		useful += places(&list[i]);
	return useful < max ? useful : max;
}

void content_digest(struct content *list, size_t n)
{
	size_t workers = count_workers(list, n);
	own_free struct content **order = calloc(n, sizeof(struct content *));
	own_free struct worker *worker = calloc(workers, sizeof(*worker));
	struct pool p = {
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
		.order = order,
		.worker = worker,
		.workers = workers,
		.working = 1,
	};

	for (size_t i = 0; i < n; i++)
		list[i].error = order && worker ? 0 : -ENOMEM;
	if (!n || !order || !worker)
		return;
	p.shape = shape_for(workers);
	put_in_order(&p, list, n);
	for (size_t i = 0; i < workers; i++)
		worker[i].pool = &p;
	run(&p);
	for (size_t i = 0; i < workers; i++) {
		digest_state_free(&worker[i].own.state);
		digest_state_free(&worker[i].small);
	}
}
