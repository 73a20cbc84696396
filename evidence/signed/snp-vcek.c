// SPDX-License-Identifier: MIT
/*
 * See snp-internal.h. Of a key that belongs to old firmware AMD may know that
 * it has leaked: so the versions in the certificate and in the report have to
 * be the same.
 */
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <string.h>

#include "evidence/signed/certificates.h"
#include "evidence/signed/snp-internal.h"
#include "lib/own.h"

enum {
	guid_size = 16,
	entry_size = guid_size + 4 + 4,
	table_entries_max = 64,
	reported_tcb_at = 0x180, /* 8 bytes, one for each part */
	family_at = 0x188,	 /* of the CPU, in version 3 and later */
	chip_at = 0x1a0,
	chip_size = 64,
	family_turin = 0x1a,
	version_with_family = 3,
	extension_max = 96,
};

/* GHCB specification, AMD 56421, 4.1.8.1: as bytes of the table */
static const uint8_t guids[][guid_size] = {
	/* 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
	[SNP_ASK] = { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0,
		      0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7, 0x82 },
	/* 63da758d-e664-4564-adc5-f4b93be8accd */
	[SNP_VCEK] = { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad,
		       0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac, 0xcd },
};

X509 *snp_table_find(const struct bytes *table, enum snp_certificate which)
{
	for (size_t i = 0;
	     i < table_entries_max && (i + 1) * entry_size <= table->len; i++) {
		const struct bytes entry = { table->data + i * entry_size,
					     entry_size };
		uint32_t at = snp_number(&entry, guid_size);
		uint32_t len = snp_number(&entry, guid_size + 4);

		if (memcmp(entry.data, guids[which], guid_size) != 0)
			continue;
		if (at > table->len || len > table->len - at)
			return NULL;
		return certificate_read_der(table->data + at, len);
	}
	return NULL;
}

/* The content of an extension of AMD's; its length, or 0. */
static size_t read_extension(const X509 *c, const char *oid,
			     uint8_t ret[extension_max])
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	int i = object ? X509_get_ext_by_OBJ(c, object, -1) : -1;
	const ASN1_OCTET_STRING *value =
		i < 0 ? NULL : X509_EXTENSION_get_data(X509_get_ext(c, i));
	int len = value ? ASN1_STRING_length(value) : 0;

	ASN1_OBJECT_free(object);
	if (len <= 0 || len > extension_max)
		return 0;
	memcpy(ret, ASN1_STRING_get0_data(value), (size_t)len);
	return (size_t)len;
}

/* An INTEGER of one byte, or of two when its first bit is set; or -1. */
static int read_version(const X509 *c, const char *oid)
{
	uint8_t der[extension_max];
	size_t len = read_extension(c, oid, der);

	if (len == 3 && der[0] == V_ASN1_INTEGER && der[1] == 1)
		return der[2];
	if (len == 4 && der[0] == V_ASN1_INTEGER && der[1] == 2 && !der[2])
		return der[3];
	return -1;
}

/* AMD 57230, table 8, and where the report has the same version. */
struct part {
	const char *oid;
	size_t at; /* in REPORTED_TCB */
};

static const struct part parts[] = {
	{ "1.3.6.1.4.1.3704.1.3.1", 0 }, /* boot loader */
	{ "1.3.6.1.4.1.3704.1.3.2", 1 }, /* TEE */
	{ "1.3.6.1.4.1.3704.1.3.3", 6 }, /* SNP firmware */
	{ "1.3.6.1.4.1.3704.1.3.8", 7 }, /* microcode */
};

static const struct part parts_turin[] = {
	{ "1.3.6.1.4.1.3704.1.3.9", 0 }, /* FMC */
	{ "1.3.6.1.4.1.3704.1.3.1", 1 }, { "1.3.6.1.4.1.3704.1.3.2", 2 },
	{ "1.3.6.1.4.1.3704.1.3.3", 3 }, { "1.3.6.1.4.1.3704.1.3.8", 7 },
};

static bool has_versions(const X509 *c, const uint8_t *tcb,
			 const struct part *part, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (read_version(c, part[i].oid) != tcb[part[i].at])
			return false;
	return true;
}

const char *snp_vcek_refuse(const X509 *vcek, const struct bytes *report)
{
	uint8_t chip[extension_max];
	size_t len = read_extension(vcek, "1.3.6.1.4.1.3704.1.4", chip);
	const uint8_t *tcb = report->data + reported_tcb_at;
	bool turin = snp_number(report, 0) >= version_with_family &&
		     report->data[family_at] >= family_turin;
	/* on Turin the chip has 8 bytes, and zeros follow in the report */
	size_t size = turin ? 8 : chip_size;

	if (len != size || memcmp(chip, report->data + chip_at, size) != 0)
		return "its VCEK is another chip's";
	if (turin ? !has_versions(vcek, tcb, parts_turin,
				  array_size(parts_turin))
		  : !has_versions(vcek, tcb, parts, array_size(parts)))
		return "its VCEK is of other versions of the firmware";
	return NULL;
}
