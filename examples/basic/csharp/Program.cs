using Amazon.CDK;

namespace Basic
{
    public static class Program
    {
        public static void Main()
        {
            var app = new App();
            new BasicStack(app, "Basic");
            app.Synth();
        }
    }
}
