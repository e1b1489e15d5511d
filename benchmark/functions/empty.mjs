// Nothing: what Node.js and AWS's client cost by themselves.
export async function handler() {}
