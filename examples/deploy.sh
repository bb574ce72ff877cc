#!/usr/bin/env bash
# A deploy pipeline, in the folder of fleet.config.ts. Nothing asks, and every line may be run again after a failure.
set -euo pipefail

# What would happen, for whoever reads the log.
npx fleet rollout plan

# Goes on with a rollout of the same plan that was cut off. Stops the deploy with 3 when tenants failed.
npx fleet rollout start --yes

# Code that needs a migration goes out only when every tenant has it: 5 when not.
newest=$(basename "$(ls migrations/* | tail -n 1)" .ts)
npx fleet check --at-least "$newest"

echo "All tenants have $newest: the new code may go out."
