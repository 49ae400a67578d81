// Must stand before the first import of @apollo/gateway: otherwise it opens connections of its own.
process.env.APOLLO_TELEMETRY_DISABLED = 'true';
