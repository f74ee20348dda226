/** A fault of a Dockerfile that no builder accepts. */
export class DockerfileError extends Error {
  /** Counted from 1; `undefined` where the fault has no line. */
  readonly line: number | undefined

  constructor(message: string, line?: number) {
    super(message)
    this.name = 'DockerfileError'
    this.line = line
  }
}
