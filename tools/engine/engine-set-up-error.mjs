/** Why no engine was set up or stopped; the message says what to do about it. Any other error is a fault of this tool. */
export class EngineSetUpError extends Error {}
