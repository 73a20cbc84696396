// SPDX-License-Identifier: MIT
/* See svg.h. */
#include "cvmctl/show/svg.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { box_corner = 6 };

/*
 * Colours: ink for names, dim for remarks, blue for what is measured, green
 * for keys, violet for a quote, yellow for a warning. A page that is dark has
 * its own of each.
 */
static const char style[] =
	"<style>\n"
	"text{font-family:system-ui,-apple-system,\"Segoe UI\",Helvetica,"
	"Arial,sans-serif}\n"
	".mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"
	"\"DejaVu Sans Mono\",monospace}\n"
	".bold{font-weight:600}\n"
	"path{fill:none;stroke-width:1.5}\n"
	".maybe{stroke-dasharray:4 4}\n"
	".page{fill:#ffffff}\n"
	".step{fill:#f6f8fa;stroke:#d0d7de}\n"
	".register{fill:#ddf4ff;stroke:#54aeff}\n"
	".keys{fill:#dafbe1;stroke:#4ac26b}\n"
	".quote{fill:#fbefff;stroke:#c297ff}\n"
	".nothing{fill:#fff8c5;stroke:#d4a72c;stroke-dasharray:4 4}\n"
	".ink{fill:#1f2328}\n"
	".dim{fill:#59636e}\n"
	".blue{fill:#0550ae}\n"
	".green{fill:#116329}\n"
	".violet{fill:#6639ba}\n"
	".bar{fill:#54aeff}\n"
	".grid{stroke:#eaeef2;stroke-width:1}\n"
	".way{stroke:#818b98}\n"
	".measure{stroke:#0969da}\n"
	".release{stroke:#1a7f37}\n"
	".sign{stroke:#8250df}\n"
	"@media (prefers-color-scheme:dark){\n"
	".page{fill:#0d1117}\n"
	".step{fill:#161b22;stroke:#3d444d}\n"
	".register{fill:#121d2f;stroke:#1f6feb}\n"
	".keys{fill:#12261e;stroke:#238636}\n"
	".quote{fill:#211834;stroke:#8957e5}\n"
	".nothing{fill:#272115;stroke:#9e6a03}\n"
	".ink{fill:#e6edf3}\n"
	".dim{fill:#9198a1}\n"
	".blue{fill:#79c0ff}\n"
	".green{fill:#7ee787}\n"
	".violet{fill:#d2a8ff}\n"
	".bar{fill:#1f6feb}\n"
	".grid{stroke:#262c36}\n"
	".way{stroke:#656c76}\n"
	".measure{stroke:#4493f8}\n"
	".release{stroke:#3fb950}\n"
	".sign{stroke:#a371f7}\n"
	"}\n"
	"</style>\n";

/* XML 1.0, 2.4; other than printable ASCII does not come here. */
static void add_escaped(struct text *svg, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '<': text_add(svg, "&lt;"); break;
		case '>': text_add(svg, "&gt;"); break;
		case '&': text_add(svg, "&amp;"); break;
		case '"': text_add(svg, "&quot;"); break;
		case '\'': text_add(svg, "&#39;"); break;
		default: text_add_bytes(svg, s, 1);
		}
}

void svg_begin(struct text *svg, unsigned width, unsigned height,
	       const char *title, const char *description)
{
	text_add(svg,
		 "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
		 "height=\"%u\" viewBox=\"0 0 %u %u\" role=\"img\" "
		 "aria-labelledby=\"title description\">\n"
		 "<title id=\"title\">",
		 width, height, width, height);
	add_escaped(svg, title);
	text_add(svg, "</title>\n<desc id=\"description\">");
	add_escaped(svg, description);
	text_add(svg,
		 "</desc>\n%s<rect class=\"page\" width=\"%u\" height=\"%u\" "
		 "rx=\"8\"/>\n",
		 style, width, height);
}

void svg_end(struct text *svg)
{
	text_add(svg, "</svg>\n");
}

void svg_box(struct text *svg, const char *class, unsigned x, unsigned y,
	     unsigned width, unsigned height)
{
	unsigned corner = height < 4 * box_corner ? 2 : box_corner;

	text_add(svg,
		 "<rect class=\"%s\" x=\"%u\" y=\"%u\" width=\"%u\" "
		 "height=\"%u\" rx=\"%u\"/>\n",
		 class, x, y, width, height, corner);
}

void svg_line(struct text *svg, const char *class, const char *path, ...)
{
	char points[128];
	va_list args;

	va_start(args, path);
	(void)vsnprintf(points, sizeof(points), path, args); /* fits */
	va_end(args);
	text_add(svg, "<path class=\"%s\" d=\"%s\"/>\n", class, points);
}

/*
 * Hundredths of the size. For what is not monospaced, as wide as DejaVu Sans,
 * which is wider than Arial, Helvetica and Segoe UI.
 */
static unsigned advance(enum svg_font font, char c)
{
	unsigned width = 65;

	if (font == SVG_MONO)
		return 61;
	if (strchr("il.,:;'|!", c))
		width = 35;
	else if (strchr(" /\\()[]jtfrI-", c))
		width = 45;
	else if (strchr("mwMW@%", c))
		width = 100;
	else if (c >= 'A' && c <= 'Z')
		width = 78;
	return font == SVG_BOLD ? width + width / 10 : width;
}

/* Of the bytes up to len; a byte of U+2026 is a third of it. */
static unsigned width_of(const struct svg_text *as, const char *s, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)s[i] < 0x80 ? advance(as->font, s[i])
						  : 100 / 3;
	return (sum * as->size + 99) / 100;
}

unsigned svg_text_width(const struct svg_text *as, const char *s)
{
	return width_of(as, s, strlen(s));
}

/* As much of s as max pixels hold. */
static void fit(const struct svg_text *as, unsigned max, const char *s,
		char *ret, size_t size)
{
	size_t len = strlen(s);

	(void)snprintf(ret, size, "%s", s); /* size is enough for a chain's */
	while (len > 1 && svg_text_width(as, ret) > max) {
		size_t tail = --len / 2;
		size_t all = strlen(s);

		(void)snprintf(ret, size, "%.*s\u2026%s", (int)(len - tail), s,
			       s + all - tail);
	}
}

void svg_text(struct text *svg, const struct svg_text *as, unsigned x,
	      unsigned y, unsigned max, const char *s)
{
	static const char *const fonts[] = {
		[SVG_SANS] = "", [SVG_BOLD] = "bold ", [SVG_MONO] = "mono "
	};
	static const char *const anchors[] = {
		[SVG_START] = "",
		[SVG_MIDDLE] = " text-anchor=\"middle\"",
		[SVG_END] = " text-anchor=\"end\"",
	};
	char fitting[256];

	fit(as, max, s, fitting, sizeof(fitting));
	text_add(svg,
		 "<text class=\"%s%s\" font-size=\"%u\" x=\"%u\" y=\"%u\"%s>",
		 fonts[as->font], as->class, as->size, x, y,
		 anchors[as->anchor]);
	add_escaped(svg, fitting);
	text_add(svg, "</text>\n");
}

void svg_heading(struct text *svg, unsigned x, unsigned max, const char *title,
		 const char *note)
{
	static const struct svg_text heading = { SVG_BOLD, 17, "ink",
						 SVG_START };
	static const struct svg_text caption = { SVG_SANS, 12, "dim",
						 SVG_START };

	svg_text(svg, &heading, x, 36, max, title);
	svg_text(svg, &caption, x, 56, max, note);
}
