// SPDX-License-Identifier: MIT
/*
 * See supervise.h. From the first started app on, nothing here can end the
 * boot any more: PID 1 that gives up is a kernel panic under a running
 * workload, so what goes wrong is said on the console and the loop goes on.
 */
#include "init/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init/app.h"
#include "init/clock.h"
#include "init/console.h"
#include "lib/own.h"

/* Restarts: the wait doubles from one second to at most thirty. */
enum { second_us = 1000000 };

static const uint64_t restart_wait_max_s = 30;

enum app_state { APP_ENDED, APP_RUNNING, APP_WAITING };

struct running {
	const struct app *app;
	enum app_state state;
	pid_t pid;	   /* APP_RUNNING */
	uint64_t next_us;  /* APP_WAITING: when to start again */
	uint64_t wait_s;   /* before the next restart */
	uint64_t began_us; /* this run */
	uint64_t kill_us;  /* stopping: when TERM becomes KILL, or 0 */
};

struct supervisor {
	struct running app[apps_max];
	size_t n;
	bool stopping;
};

static void watched_signals(sigset_t *set)
{
	(void)sigemptyset(set); /* none of these can fail */
	(void)sigaddset(set, SIGCHLD);
	(void)sigaddset(set, SIGTERM);
	(void)sigaddset(set, SIGINT);
	(void)sigaddset(set, SIGPWR);
}

static struct running *find_pid(struct supervisor *s, pid_t pid)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->app[i].state == APP_RUNNING && s->app[i].pid == pid)
			return &s->app[i];
	return NULL;
}

static bool wants_restart(const struct app *app, int status)
{
	bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;

	switch (app->restart) {
	case APP_RESTART_NEVER: return false;
	case APP_RESTART_ON_FAILURE: return failed;
	case APP_RESTART_ALWAYS: return true;
	}
	return false;
}

static void say_ended(const struct app *app, int status)
{
	if (WIFSIGNALED(status))
		console_say("app %s: ended by signal %d", app->name,
			    WTERMSIG(status));
	else
		console_say("app %s: exited with status %d", app->name,
			    WEXITSTATUS(status));
}

static void on_ended(struct supervisor *s, struct running *a, int status)
{
	say_ended(a->app, status);
	a->kill_us = 0;
	if (s->stopping || !wants_restart(a->app, status)) {
		a->state = APP_ENDED;
		return;
	}
	a->state = APP_WAITING;
	if (clock_boot_us() - a->began_us >= restart_wait_max_s * second_us)
		a->wait_s = 1; /* it ran well for a while: a new series */
	a->next_us = clock_boot_us() + a->wait_s * second_us;
	a->wait_s *= 2;
	if (a->wait_s > restart_wait_max_s)
		a->wait_s = restart_wait_max_s;
}

/*
 * A child that has ended, not yet reaped: its process group cannot be another
 * one's yet. What it left there would keep ports and files from its next run.
 */
static void end_group(const struct supervisor *s, const struct running *a)
{
	if (!s->stopping && a->app->restart != APP_RESTART_NEVER)
		(void)kill(-a->pid, SIGKILL); /* often nobody is left */
}

/* Every child that has ended, also those that apps left behind. */
static void reap(struct supervisor *s)
{
	siginfo_t ended = { 0 };
	int status;

	while (waitid(P_ALL, 0, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       ended.si_pid) {
		struct running *a = find_pid(s, ended.si_pid);

		if (a)
			end_group(s, a);
		if (waitpid(ended.si_pid, &status, 0) == ended.si_pid && a)
			on_ended(s, a, status);
		ended.si_pid = 0;
	}
}

static void restart(struct running *a)
{
	struct fail f = { 0 };
	char line[fail_line_max];

	a->began_us = clock_boot_us();
	if (app_start(a->app, &a->pid, &f) == 0) {
		a->state = APP_RUNNING;
		return;
	}
	fail_format(&f, "init", "workload", line, sizeof(line));
	console_line(line);
	a->state = APP_ENDED; /* the same program will not run next time */
}

/* TERM to each app's process group; KILL follows at its stop-timeout. */
static void stop_all(struct supervisor *s)
{
	s->stopping = true;
	for (size_t i = 0; i < s->n; i++) {
		struct running *a = &s->app[i];

		if (a->state == APP_WAITING)
			a->state = APP_ENDED;
		if (a->state != APP_RUNNING || a->kill_us)
			continue;
		(void)kill(-a->pid, SIGTERM); /* may have ended by itself */
		a->kill_us =
			clock_boot_us() + a->app->stop_timeout_s * second_us;
	}
}

/* What was due by now: restarts and kills. */
static void on_time(struct supervisor *s, uint64_t now)
{
	for (size_t i = 0; i < s->n; i++) {
		struct running *a = &s->app[i];

		if (a->state == APP_WAITING && now >= a->next_us)
			restart(a);
		if (a->state == APP_RUNNING && a->kill_us &&
		    now >= a->kill_us) {
			console_say("app %s: did not stop within %llu s, "
				    "killed",
				    a->app->name,
				    (unsigned long long)a->app->stop_timeout_s);
			(void)kill(-a->pid, SIGKILL);
			a->kill_us = UINT64_MAX; /* once is enough */
		}
	}
}

/* The next moment at which on_time has work, UINT64_MAX for none. */
static uint64_t next_deadline(const struct supervisor *s)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		const struct running *a = &s->app[i];

		if (a->state == APP_WAITING && a->next_us < next)
			next = a->next_us;
		if (a->state == APP_RUNNING && a->kill_us && a->kill_us < next)
			next = a->kill_us;
	}
	return next;
}

static bool any_left(const struct supervisor *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->app[i].state != APP_ENDED)
			return true;
	return false;
}

/* Sleeps until a watched signal or the next deadline. The signal, or 0. */
static int wait_signal(const struct supervisor *s, const sigset_t *set)
{
	uint64_t deadline = next_deadline(s);
	uint64_t now = clock_boot_us();
	struct timespec timeout = { 0 };
	int sig;

	if (deadline == UINT64_MAX) {
		sig = sigwaitinfo(set, NULL);
		return sig < 0 ? 0 : sig;
	}
	if (deadline > now) {
		timeout.tv_sec = (time_t)((deadline - now) / second_us);
		timeout.tv_nsec = (long)((deadline - now) % second_us * 1000);
	}
	sig = sigtimedwait(set, NULL, &timeout);
	return sig < 0 ? 0 : sig; /* EAGAIN: the deadline; EINTR: look again */
}

static void run(struct supervisor *s, const sigset_t *set)
{
	while (any_left(s)) {
		int sig = wait_signal(s, set);

		if (sig == SIGTERM || sig == SIGINT || sig == SIGPWR)
			stop_all(s);
		reap(s);
		on_time(s, clock_boot_us());
	}
}

/* What apps left behind in the background goes with the last of them. */
static void end_orphans(void)
{
	if (getpid() != 1)
		return;		 /* in a test: -1 would be everybody else */
	(void)kill(-1, SIGKILL); /* none may be left */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

int supervise_apps(const struct apps_conf *apps, struct fail *f)
{
	struct supervisor s = { 0 };
	sigset_t set;

	watched_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* cannot fail */
	for (size_t i = 0; i < apps->n; i++) {
		struct running *a = &s.app[s.n];
		int r;

		*a = (struct running){ .app = &apps->app[i],
				       .state = APP_RUNNING,
				       .wait_s = 1,
				       .began_us = clock_boot_us() };
		r = app_start(a->app, &a->pid, f);
		if (r < 0) {
			end_orphans();
			return r;
		}
		s.n++;
	}
	run(&s, &set);
	end_orphans();
	return 0;
}
