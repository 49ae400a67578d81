/** What the person at the terminal can mend: a wrong option, a name that does not exist. */
export class CommandFault extends Error {}
