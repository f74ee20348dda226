/** An error in a Dockerfile that no builder accepts. */
export class DockerfileError extends Error {
  /** The line number, starting at 1. `undefined` if the error has no line. */
  readonly line: number | undefined

  constructor(message: string, line?: number) {
    super(message)
    this.name = 'DockerfileError'
    this.line = line
  }
}
