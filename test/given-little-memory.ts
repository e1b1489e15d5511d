/** To be imported before the handler's modules: as in a function with 1 MB, few files and URLs are too many for it. */
process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE = '1';
