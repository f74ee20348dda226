/**
 * What the command says of a process that did not start: the words of the guest's own tool, in those of each layer above.
 *
 * @param {{ readonly process: string, readonly container: string, readonly argv: readonly string[] }} started
 * @param {{ readonly code: number, readonly text: string }} problem
 */
export function toProcessProblem({ process, container, argv }, { code, text }) {
  const said =
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
    `vmexec error: internalError: "${said}"`,
  )
}
