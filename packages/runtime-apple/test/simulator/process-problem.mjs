/**
 * The error text of the command for a process that did not start: the text of the guest's tool, wrapped by each layer above it.
 *
 * @param {{ readonly process: string, readonly container: string, readonly argv: readonly string[] }} started
 * @param {{ readonly code: number, readonly text: string }} problem
 */
export function toProcessProblem({ process, container, argv }, { code, text }) {
  const message =
    code === 127
      ? `failed to find target executable ${argv[0]}`
      : code === 126
        ? `failed to exec [${argv.join(' ')}] POSIXError(_nsError: Error Domain=NSPOSIXErrorDomain Code=13 "Permission denied")`
        : text
  const layers = [
    'startProcess: failed to start process',
    'failed to start process',
    `failed to start process ${process} in container ${container}`,
  ]
  return layers.reduce(
    (cause, layer) => `${layer} (cause: "internalError: "${cause}"")`,
    `vmexec error: internalError: "${message}"`,
  )
}
