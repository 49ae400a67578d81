/** Milliseconds of processor that this process takes from now on: what a hub in it costs, whatever else runs on the machine. */
export function startCpuTime(): () => number {
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
}
