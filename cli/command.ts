/** What every command is handed. */
export interface CommandIo {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly json: boolean;
  stdout(line: string): void;
  stderr(line: string): void;
}
/** Ends with the exit code. */
export type Command = (argv: readonly string[], io: CommandIo) => Promise<number>;
