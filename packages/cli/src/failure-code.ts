/** The exit status of Capstan's own failures: docker's, which no container's own code is likely to be. */
export const failureCode = 125
