/* Five bodies under gravity, n * 1000 steps of a symplectic integrator, in doubles. */
#include "kernel.h"

#define BODIES 5

struct body {
	double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[BODIES];

static void init(void)
{
	uint32_t seed = 7;

	for (int i = 0; i < BODIES; i++) {
		struct body *b = &bodies[i];

		b->x = i * 5.0 + kernel_random(&seed) % 100 / 100.0;
		b->y = i * 3.0 + kernel_random(&seed) % 100 / 100.0;
		b->z = kernel_random(&seed) % 100 / 100.0;
		b->vx = kernel_random(&seed) % 100 / 1000.0;
		b->vy = kernel_random(&seed) % 100 / 1000.0;
		b->vz = kernel_random(&seed) % 100 / 1000.0;
		b->mass = i == 0 ? 39.0 : 0.01 * i;
	}
}

static void attract(struct body *a, struct body *b, double dt)
{
	double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
	double square = dx * dx + dy * dy + dz * dz;
	double mag = dt / (square * __builtin_sqrt(square));

	a->vx -= dx * b->mass * mag;
	a->vy -= dy * b->mass * mag;
	a->vz -= dz * b->mass * mag;
	b->vx += dx * a->mass * mag;
	b->vy += dy * a->mass * mag;
	b->vz += dz * a->mass * mag;
}

static void step(double dt)
{
	for (int i = 0; i < BODIES; i++) {
		for (int j = i + 1; j < BODIES; j++)
			attract(&bodies[i], &bodies[j], dt);
	}
	for (int i = 0; i < BODIES; i++) {
		bodies[i].x += dt * bodies[i].vx;
		bodies[i].y += dt * bodies[i].vy;
		bodies[i].z += dt * bodies[i].vz;
	}
}

uint64_t run(uint32_t n)
{
	double sum = 0;

	init();
	for (uint32_t i = 0; i < n * 1000; i++)
		step(0.001);
	for (int i = 0; i < BODIES; i++)
		sum += bodies[i].x + bodies[i].y * 3 + bodies[i].vz * 7;
	return (uint64_t)(int64_t)(sum * 1e9);
}
