/* The model: a logistic regression with fixed weights, three trees, points and decision. */
#include "scoring.h"

#include <string.h>

/* 2^k for -1022 <= k <= 1023. */
static double power_of_two(int k)
{
	uint64_t bits = (uint64_t)(k + 1023) << 52;
	double d;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* e^x for |x| <= 700: x = k ln 2 + r with |r| <= ln(2)/2, then Taylor's series for e^r. */
static double exponential(double x)
{
	const double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
	double scaled = x * 0x1.71547652b82fep+0;
	int k = (int)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
	double r = (x - k * ln2_high) - k * ln2_low;

	double sum = 1.0;
	for (int n = 12; n >= 1; n--)
		sum = 1.0 + sum * r / n;
	return sum * power_of_two(k);
}

double model_logistic(double z)
{
	if (z > 40.0)
		z = 40.0;
	if (z < -40.0)
		z = -40.0;
	return 1.0 / (1.0 + exponential(-z));
}

static double clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

static double ratio(uint32_t a, uint32_t b)
{
	return b == 0 ? 10.0 : clamp((double)a / (double)b, 0.0, 10.0);
}

static double linear_part(const struct applicant *a)
{
	static const double home_weight[HOME_END] = {-0.35, -0.10, 0.25};
	static const double purpose_weight[PURPOSE_END] = {-0.12, -0.20, 0.05, 0.38, 0.10};

	double z = -4.25;
	z += 1.15 * ratio(a->debt, a->income);
	z += 0.85 * ratio(a->amount, a->income);
	z += 1.40 * clamp(a->utilization / 1000.0, 0.0, 1.5);
	z += 0.42 * clamp(a->late, 0.0, 8.0);
	z += 0.11 * clamp(a->inquiries, 0.0, 12.0);
	z -= 0.035 * clamp(a->years_employed, 0.0, 25.0);
	z -= 0.012 * clamp((double)a->age - 40.0, -22.0, 30.0);
	z += a->home < HOME_END ? home_weight[a->home] : 0.0;
	z += a->purpose < PURPOSE_END ? purpose_weight[a->purpose] : 0.0;
	return z;
}

/* Each tree corrects the linear part where two features work together. */

static double tree_payment_history(const struct applicant *a)
{
	if (a->late == 0)
		return a->utilization < 300 ? -0.30 : -0.05;
	if (a->utilization >= 850)
		return a->late >= 3 ? 0.65 : 0.32;
	return a->inquiries >= 6 ? 0.22 : 0.04;
}

static double tree_burden(const struct applicant *a)
{
	double burden = ratio(a->debt, a->income) + ratio(a->amount, a->income);
	if (burden < 0.35)
		return a->years_employed >= 5 ? -0.28 : -0.10;
	if (burden < 1.2)
		return a->home == HOME_OWN ? -0.08 : 0.03;
	return a->income < 24000 ? 0.48 : 0.21;
}

static double tree_youth(const struct applicant *a)
{
	if (a->age >= 27)
		return a->age >= 66 && a->amount > a->income ? 0.18 : 0.0;
	if (a->purpose == PURPOSE_EDUCATION)
		return -0.15;
	return a->years_employed < 2 ? 0.26 : 0.08;
}

/* 600 points at odds of 20 to 1 for repayment; 40 points double the odds. */
static uint32_t points_of(double z)
{
	const double per_logit = 40.0 / 0.69314718055994530942;
	const double at_zero = 600.0 - per_logit * 2.99573227355399099344;
	return (uint32_t)(clamp(at_zero - per_logit * z, POINTS_MIN, POINTS_MAX) + 0.5);
}

static enum decision decide(const struct applicant *a, uint32_t points)
{
	if (points < 520 || a->late >= 7 || a->age < 18)
		return DECISION_DECLINE;
	if (points < 590 || ratio(a->amount, a->income) > 2.5)
		return DECISION_REFER;
	return DECISION_APPROVE;
}

struct score model_score(const struct applicant *a)
{
	double z = linear_part(a);
	z += tree_payment_history(a);
	z += tree_burden(a);
	z += tree_youth(a);

	struct score s = {.probability = model_logistic(z), .points = points_of(z)};
	s.decision = decide(a, s.points);
	return s;
}
