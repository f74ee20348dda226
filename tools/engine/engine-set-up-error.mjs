/** Thrown when no engine could be started or stopped, with a remedy in the message. Other errors are bugs of this tool. */
export class EngineSetUpError extends Error {}
