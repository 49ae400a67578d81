/** How many times as long a test may take in the shape that it is run in: more hubs, more connections, a database beside them. */
export const PATIENCE = ['workers', 'distributed'].includes(process.env.HUB_TEST_SHAPE ?? '') ? 5 : 1;
